package page

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches"
)

// TestBundle checks that the script and its licenses are of the pinned version.
func TestBundle(t *testing.T) {
	t.Parallel()
	script, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../../conformance/foreign/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var pinned struct{ DevDependencies map[string]string }
	if err := json.Unmarshal(text, &pinned); err != nil {
		t.Fatal(err)
	}
	if version := pinned.DevDependencies["redoc"]; version == "" || !strings.Contains(script, `"`+version+`"`) {
		t.Errorf("redoc.js.gz is not Redoc %q: run make contract-page", version)
	}
	licenses, err := os.ReadFile("LICENSES.txt")
	if err != nil {
		t.Fatal(err)
	}
	purifier := regexp.MustCompile(`DOMPurify \d+\.\d+\.\d+`).FindString(string(licenses)) // changes with the bundle
	if purifier == "" || !strings.Contains(string(licenses), "Apache License") || !strings.Contains(script, "LICENSE.txt") {
		t.Error("LICENSES.txt does not belong to the bundle: run make contract-page")
	}
}

// TestHTML checks that the page contains everything that it needs, and loads nothing from elsewhere.
func TestHTML(t *testing.T) {
	t.Parallel()
	got, err := HTML(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(got, []byte("</script")); n != 2 {
		t.Errorf("%d scripts end, want 2", n)
	}
	loads := regexp.MustCompile(`(?i)<(script|link|iframe)\b[^>]*\b(src|href)=|\bsrc:"https?://[^"]*|@import`)
	if found := loads.FindAll(got, -1); found != nil {
		t.Errorf("the page loads %q", found)
	}
	if !bytes.Contains(got, []byte(`content="default-src 'none';`)) || bytes.Contains(got, []byte("connect-src")) {
		t.Error("the policy of the page allows requests elsewhere")
	}
	for _, want := range []string{`"operationId":"createMessageBatch"`, `"BetaMessageBatch":{`, "<title>Message Batches API"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("the page does not contain %s", want)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ yaml, want string }{
		"order/properties": {"{b: 1, a: 2}", `{"b":1,"a":2}`},
		"order/list":       {"[b, a]", `["b","a"]`},
		"scalar/kinds":     {"[1, 1.5, true, null, '1', 2026-11-28]", `[1,1.5,true,null,"1","2026-11-28"]`},
		"scalar/escaped":   {"</script>", `"\u003c/script\u003e"`},
		"key/number":       {"{200: a}", `{"200":"a"}`},
		"alias/repeated":   {"[&x {a: 1}, *x]", `[{"a":1},{"a":1}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(tt.yaml), &doc); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := writeJSON(&got, &doc); err != nil || got.String() != tt.want {
				t.Errorf("got %s, %v, want %s", got.String(), err, tt.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[", "a: .nan"} {
		if got, err := HTML(text); err == nil || got != nil {
			t.Errorf("HTML(%q): %d bytes, %v", text, len(got), err)
		}
	}
}
