package preflight_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// The oracle is VisitJSON of kin-openapi, which reads the same contract independently: it must refuse exactly the
// requests in which preflight finds a schema error.

// compare compares the verdicts about one line. It returns false if there is nothing to compare.
//
// The two JSON readers differ intentionally in these cases, which are not compared:
//   - encoding/json accepts invalid UTF-8 and lone surrogates, which become U+FFFD.
//   - encoding/json refuses numbers beyond a float64, also in free JSON.
//   - Of duplicate properties encoding/json keeps the last one, and preflight checks both.
func compare(t *testing.T, line []byte) bool {
	report, err := preflight.CheckLines(bytes.NewReader(line), preflight.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Requests != 1 {
		return false
	}
	isJSON := jsontext.Value(line).IsValid(jsontext.AllowDuplicateNames(true))
	if found := hasRule(report, preflight.JSON); found == isJSON && !bytes.HasPrefix(line, []byte("\ufeff")) {
		t.Fatalf("%q\nis JSON: %v, preflight: %v", line, isJSON, report.Issues)
	}
	var v any
	if json.Unmarshal(line, &v) != nil || !jsontext.Value(line).IsValid() {
		return false
	}
	err = contract.LoadForChecks().Components.Schemas[requestComponent].Value.VisitJSON(v)
	if hasRule(report, schemaRules...) != (err != nil) {
		t.Errorf("%s\npreflight: %v\nVisitJSON: %v", line, report.Issues, err)
	}
	return true
}

// schemaRules are the rules that VisitJSON knows too.
var schemaRules = []preflight.Rule{preflight.Type, preflight.Required, preflight.Enum, preflight.Variant, preflight.Limit, preflight.Pattern}

func hasRule(r *preflight.Report, rules ...preflight.Rule) bool {
	return slices.ContainsFunc(r.Issues, func(i preflight.Issue) bool { return slices.Contains(rules, i.Rule) })
}

// corpus returns the requests of all corpora.
func corpus(t testing.TB) (lines []string) {
	for _, c := range slices.Concat(readCorpus(t, "testdata/wrong/*.txt"), readCorpus(t, "testdata/rules/*.txt"), readCorpus(t, "testdata/right.txt")) {
		lines = append(lines, c.request)
	}
	for _, s := range samples(t) {
		lines = append(lines, marshal(t, s.request))
	}
	guides, err := os.ReadFile("testdata/guides.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return append(lines, strings.Split(strings.TrimSpace(string(guides)), "\n")...)
}

func TestAgainstVisitJSON(t *testing.T) {
	t.Parallel()
	lines := corpus(t)
	for _, line := range lines {
		compare(t, []byte(line))
	}
	m := newMutator(t, 1)
	compared := 0
	for i := 0; i < 2000 && !t.Failed(); i++ {
		if compare(t, m.mutate([]byte(lines[i%len(lines)]))) {
			compared++
		}
	}
	t.Logf("%d requests, %d mutated ones", len(lines), compared)
}

// A mutator changes JSON so that it stays JSON.
type mutator struct {
	*rand.Rand
	values []any // replacements: values that the corpora contain, and some that they do not
}

func newMutator(t testing.TB, seed uint64) *mutator {
	m := &mutator{values: []any{nil, true, false, 0.0, 1.0, -1.0, 0.5, 1e30, "", "a", "ü", strings.Repeat("x", 300), []any{}, map[string]any{}, []any{nil}, map[string]any{"type": nil}}}
	seen := make(map[string]bool)
	for _, line := range corpus(t) {
		var v any
		if json.Unmarshal([]byte(line), &v) != nil {
			continue
		}
		parts(v, func(part any) {
			if text := marshal(t, part); len(text) < 500 && !seen[text] {
				seen[text] = true
				m.values = append(m.values, part)
			}
		})
	}
	m.seed(seed)
	return m
}

func (m *mutator) seed(seed uint64) { m.Rand = rand.New(rand.NewPCG(seed, 0)) }

// parts calls f for v and all values in it.
func parts(v any, f func(any)) {
	f(v)
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			parts(x, f)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts(v[name], f)
		}
	}
}

// mutate makes one to three changes. Text that is not JSON stays unchanged.
func (m *mutator) mutate(line []byte) []byte {
	var v any
	if json.Unmarshal(line, &v) != nil {
		return line
	}
	for range 1 + m.IntN(3) {
		count := 0
		parts(v, func(any) { count++ })
		v = m.change(v, new(m.IntN(count)))
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("JSON cannot be written again: %v", err))
	}
	return b
}

// change changes the part of v that comes after *skip others.
func (m *mutator) change(v any, skip *int) any {
	if *skip--; *skip == -1 {
		return m.other(v)
	}
	switch v := v.(type) {
	case []any:
		changed := slices.Clone(v)
		for i := range v {
			changed[i] = m.change(v[i], skip)
		}
		return changed
	case map[string]any:
		changed := maps.Clone(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			changed[name] = m.change(v[name], skip)
		}
		return changed
	}
	return v
}

func (m *mutator) value() any { return m.values[m.IntN(len(m.values))] }

// other returns a replacement for v: v with a part added or removed, or another value.
func (m *mutator) other(v any) any {
	switch v := v.(type) {
	case []any:
		changed := slices.Clone(v)
		if m.IntN(2) == 0 && len(v) > 0 {
			return append(changed, v[m.IntN(len(v))])
		}
		return append(changed, m.value())
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 {
			break
		}
		changed, name := maps.Clone(v), names[m.IntN(len(names))]
		switch m.IntN(4) {
		case 0:
			delete(changed, name)
			return changed
		case 1:
			if other, ok := m.value().(map[string]any); ok {
				maps.Copy(changed, other)
				return changed
			}
		case 2:
			changed[name] = m.value()
			return changed
		}
	}
	return m.value()
}

// FuzzAgainstVisitJSON compares the verdicts about bytes that the fuzzer changed, and about the same text with changes
// that keep it valid JSON.
func FuzzAgainstVisitJSON(f *testing.F) {
	for i, line := range corpus(f) {
		if i%4 == 0 { // TestAgainstVisitJSON has them all, and many seeds cost the fuzzer time
			f.Add([]byte(line), uint64(i))
		}
	}
	mutators := newMutator(f, 0)
	f.Fuzz(func(t *testing.T, line []byte, seed uint64) {
		compare(t, line)
		m := *mutators
		m.seed(seed)
		compare(t, m.mutate(line))
	})
}
