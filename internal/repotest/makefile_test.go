package repotest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFuzzingDoesNotMinimize checks that make fuzz only looks for new inputs. Minimizing the known ones took most of
// the time.
func TestFuzzingDoesNotMinimize(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	runs := regexp.MustCompile(`(?m)^.*go test .*-fuzz .*$`).FindAllString(string(text), -1)
	if len(runs) == 0 {
		t.Error("nothing fuzzes")
	}
	for _, run := range runs {
		if !strings.Contains(run, "-fuzzminimizetime 1x ") {
			t.Errorf("it minimizes: %s", run)
		}
	}
}
