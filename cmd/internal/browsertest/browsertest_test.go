package browsertest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestBrowserFinds opens a page with all the faults that must be found.
func TestBrowserFinds(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'nonce-a'")
		w.Write([]byte(`<!DOCTYPE html><html lang=en><title>x</title><main><h1>x</h1><img src="http://127.0.0.1:1/a.png">
			<p style="color:#bbb;background:#fff">pale</p><script>window.bad = 1</script><script nonce=a>throw new Error("thrown")</script></main>`))
	}))
	t.Cleanup(server.Close)
	tab := Start(t).Open(t, server.URL, Screen{Dark: true})
	var rules []string
	for _, v := range tab.Axe() {
		if v.Serious() {
			rules = append(rules, v.ID)
		}
	}
	if !slices.Contains(rules, "image-alt") || !slices.Contains(rules, "color-contrast") {
		t.Errorf("axe found %v", rules)
	}
	problems := strings.Join(tab.Problems(), "\n")
	if !strings.Contains(problems, "thrown") || !strings.Contains(problems, "Content Security Policy") {
		t.Errorf("got the problems %s", problems)
	}
	if got := tab.Elsewhere(server.URL); len(got) != 1 || got[0] != "http://127.0.0.1:1/a.png" {
		t.Errorf("requests elsewhere: %v", got)
	}
	if !Eval[bool](tab, `matchMedia("(prefers-color-scheme: dark)").matches`) {
		t.Error("not dark")
	}
	if Eval[bool](tab, `"bad" in window`) {
		t.Error("the policy is not enforced")
	}
}
