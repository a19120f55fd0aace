// Package view shows files of results in a browser: a read-only server of one page, for files with millions of lines, of
// which it reads only those that are looked at. Results are hostile text: see guard.go for what keeps them harmless.
package view
