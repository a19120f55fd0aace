// Package cli holds what the commands share: the streams of a call and their capabilities, exit statuses, and the
// formatting of text for terminals.
package cli
