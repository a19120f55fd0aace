// Package cli holds what the commands share: the streams of a call and what they can show, exit statuses, and text that is
// fit for a terminal.
package cli
