// Package cookbook_test checks that the programs of the cookbook are short.
package cookbook_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestShort(t *testing.T) {
	t.Parallel()
	programs, err := filepath.Glob("*/main.go")
	if err != nil || len(programs) == 0 {
		t.Fatalf("%d programs, %v", len(programs), err)
	}
	for _, name := range programs {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		most := 120
		if name == filepath.Join("classify", "main.go") {
			most = 90
		}
		if n := bytes.Count(text, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d", name, n, most)
		}
	}
}
