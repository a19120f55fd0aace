package gen

import (
	"os"
	"regexp"
	"testing"
)

// TestDiscriminatorsOfMembers checks that only members of unions have the method Discriminator, which would be useless
// on other types.
func TestDiscriminatorsOfMembers(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("types.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	members := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^func \(\*?(\w+)\) is\w+\(\)`).FindAllSubmatch(code, -1) {
		members[string(m[1])] = true
	}
	methods := regexp.MustCompile(`(?m)^func \((?:x )?\*(\w+)\) Discriminator\(\)`).FindAllSubmatch(code, -1)
	if len(methods) < 100 || len(members) < 100 {
		t.Fatalf("%d methods, %d members", len(methods), len(members))
	}
	for _, m := range methods {
		if !members[string(m[1])] {
			t.Errorf("%s is not a member of a union", m[1])
		}
	}
}
