// Package view shows results files in a browser. It is a read-only server of one page, for files with millions of lines, of
// which it reads only those that are shown. Results are hostile text: guard.go describes what keeps them harmless.
package view
