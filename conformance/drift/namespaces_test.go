package drift

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches"
)

func TestLookUp(t *testing.T) {
	t.Parallel()
	params := fixtureNode(t, "Params")
	for name, tt := range map[string]struct {
		place            string
		found, needsBeta bool
	}{
		"property/none":    {"create.model", true, false},
		"property/itself":  {"create.servers", true, true},
		"property/above":   {"create.servers[].name", true, true},
		"property/object":  {"create.thread", true, true},
		"union/all":        {"create.both", true, true},
		"union/some":       {"create.either", true, false},
		"property/missing": {"create.servers[].url", false, false},
		"value/none":       {"create.model=a-1", true, false},
		"value/itself":     {"create.display=updates", true, true},
		"value/other":      {"create.display=full", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, needsBeta := lookUp(params, tt.place); found != tt.found || needsBeta != tt.needsBeta {
				t.Errorf("lookUp(%q) = %t, %t, want %t, %t", tt.place, found, needsBeta, tt.found, tt.needsBeta)
			}
		})
	}
}

// TestNamespaces takes x-needs-beta out of the contract: MCP servers exist in the beta namespace only.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	sdk, err := loadSDK()
	if err != nil {
		t.Fatal(err)
	}
	const place = "create.requests[].params.mcp_servers(beta)"
	text := messagebatches.OpenAPI()
	for key, want := range map[string]bool{"x-needs-beta": false, "x-else": true} {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(text, "x-needs-beta", key)))
		if err != nil {
			t.Fatal(err)
		}
		report := new(Report)
		report.namespaces(sdk, doc)
		if got := slices.ContainsFunc(report.Differences, func(d Difference) bool { return d.Place == place }); got != want {
			t.Errorf("with %s: reported %t, want %t, in %v", key, got, want, report.Differences)
		}
	}
}
