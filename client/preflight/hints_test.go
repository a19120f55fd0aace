package preflight

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// nodes returns the nodes of a request by the name of their component.
func nodes() map[string]*node {
	all := make(map[string]*node)
	seen := make(map[*node]bool)
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		if n.name != "" {
			all[n.name] = n
		}
		for _, p := range n.properties {
			walk(p.node)
		}
		for _, m := range n.members {
			walk(m)
		}
		for _, m := range n.byKind {
			walk(m)
		}
		walk(n.items)
		walk(n.values)
	}
	walk(root())
	return all
}

// quoted returns the quoted names at the beginning of a hint, after "use".
func quoted(hint string) string {
	after, ok := strings.CutPrefix(hint, `use "`)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(after, `"`)
	return name
}

// TestHints checks the tables against the contract: foreign names are not in it, and proposed names are, and no batch
// refuses them.
func TestHints(t *testing.T) {
	t.Parallel()
	all := nodes()
	for component, hints := range nameHints() {
		n := all[component]
		if n == nil || n.form != object {
			t.Errorf("no request has a %s", component)
			continue
		}
		for name, hint := range hints {
			if n.properties[name] != nil {
				t.Errorf("%s has a property %s", component, name)
			}
			use := quoted(hint)
			if use == "" {
				continue
			}
			p := n.properties[use]
			if p == nil && !strings.HasSuffix(hint, `" in "params"`) || p != nil && p.refusedInBatch() {
				t.Errorf("%s, %s: %s is not a property, or a batch refuses it", component, name, use)
			}
		}
	}
	for component, hints := range tagHints() {
		n := all[component]
		if n == nil || n.form != union {
			t.Errorf("no request has a %s", component)
			continue
		}
		for tag, hint := range hints {
			if slices.Contains(n.tags, tag) {
				t.Errorf("%s has a member %s", component, tag)
			}
			if use := quoted(hint); use != "" && !slices.Contains(n.tags, use) {
				t.Errorf("%s, %s: there is no %s", component, tag, use)
			}
		}
	}
	for component := range stringHints() {
		if n := all[component]; n == nil || n.byKind['"'] != nil {
			t.Errorf("%s can be a string", component)
		}
	}
	params := all["BetaCreateMessageParams"]
	for name, other := range params.others {
		if hint := params.nameHint(name); (hint == "") != other.Batch || other.Instead != "" && !strings.Contains(hint, `"`+other.Instead+`"`) {
			t.Errorf("%s: the hint is %q, and the contract says %q", name, hint, other.Instead)
		}
	}
	if hint := (&node{others: map[string]schema.Other{"a": {Instead: "b"}, "c": {}}}).nameHint("a"); hint != `use "b"` {
		t.Errorf("got %q", hint)
	}
}
