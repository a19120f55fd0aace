// Package repotest tests the rules of this repository: what files may contain, what packages may import, what the
// documentation shows, and which modules importers have to load. It does not repeat checks of golangci-lint.
package repotest
