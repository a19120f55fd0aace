// Package repotest holds the rules of this repository as tests: what files may contain, what packages may import, what
// the documentation shows, and what importers of the module have to load. What a linter of golangci-lint checks is not
// repeated here.
package repotest
