package contract_test

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches"
)

// An inventory is what the SDK's types say about the API.
type inventory struct {
	Headers struct{ Create, Others []string }
	Betas   []string `json:"anthropic_beta_values"`
	Types   map[string]struct {
		Additional string // type of properties without a name, "" if there are none
		Properties map[string]struct {
			Type                 string
			Required, Deprecated bool
			Versions             []string // versions of the API that accept it, if not all do
		}
	}
}

// inventoryMatches: the contract has the types, properties, values and headers of the SDK, and no others.
func inventoryMatches(d *document, report reporter) {
	got, want := d.facts(), readFacts[inventory]("inventory.json").facts(d, report)
	for place := range got { // the SDK closes most enums; the contract leaves open those that the service may extend
		if !slices.Contains(want[place], "string") && slices.ContainsFunc(got[place], isConstant) {
			got[place] = slices.DeleteFunc(got[place], func(text string) bool { return text == "string" })
		}
	}
	compare(d, report, got, want, map[string]string{
		"BetaCreateMessageBatchParams: inventory.json lacks *": "the inventory begins with a single request",
		"BetaMessageBatchPage: inventory.json lacks *":         "the inventory begins with a single batch",
		"Newer*: inventory.json lacks *":                       "the SDK's types are open by themselves",
		"BetaConflictError: inventory.json lacks *":            "beyond the reference page",
		"BetaRequestTooLargeError: inventory.json lacks *":     "the same",
		"BetaErrorResponse/error: inventory.json lacks *":      "the same",
		"Beta*Error/details: inventory.json lacks details":     "the service sends it, the SDK's types do not have it",
		"BetaErrorDetails: inventory.json lacks *":             "the type of details",
		"BetaFallbackParam: want other properties":             "the SDK allows any; here a new one must be added to the contract",
	})
}

// merged names the components that each represent several types of the SDK. The first pattern that matches a type
// counts.
var merged = []struct{ pattern, component string }{
	{"BetaBrowserFileUploadConfig", "BetaToolsetOptInActionConfig"},
	{"BetaBrowserJavascriptExecConfig", "BetaToolsetOptInActionConfig"},
	{"BetaBrowserReadConsoleConfig", "BetaToolsetOptInActionConfig"},
	{"BetaBrowserReadNetworkConfig", "BetaToolsetOptInActionConfig"},
	{"BetaBrowser*Config", "BetaToolsetActionConfig"},
	{"BetaComputer*Config", "BetaToolsetActionConfig"},
}

// componentOf returns the name of the component for a type of the SDK.
func componentOf(name string) string {
	for _, m := range merged {
		if ok, _ := path.Match(m.pattern, name); ok {
			return m.component
		}
	}
	return name
}

var typeName = regexp.MustCompile(`\bBeta\w+`)

// facts returns the facts of the inventory about the contract's components. It reports types that share a component but
// differ.
func (inv inventory) facts(d *document, report reporter) facts {
	facts := facts{"AnthropicBeta": append(inv.Betas, "new values")}
	names := slices.Sorted(maps.Keys(inv.Types))
	for _, m := range merged {
		matches := func(name string) bool { ok, _ := path.Match(m.pattern, name); return ok }
		if !slices.ContainsFunc(names, matches) {
			report(d.component(m.component), "testdata has no %s that it could represent", m.pattern)
		}
	}
	first := make(map[string]string) // type by component
	for _, name := range names {
		t, component := inv.Types[name], componentOf(name)
		if other, ok := first[component]; ok {
			if diff := cmp.Diff(inv.Types[other], t); diff != "" {
				report(d.component(component), "represents %s and %s, which differ (-first +second):\n%s", other, name, diff)
			}
			continue
		}
		first[component] = name
		facts[component] = onlyIf(t.Additional != "", "other properties")
		for key, p := range t.Properties {
			kind := typeName.ReplaceAllStringFunc(p.Type, componentOf)
			facts[component+"/"+key] = propertyFacts(kind, p.Required, p.Deprecated, p.Versions)
		}
	}
	for _, op := range d.operations {
		facts[op.at("operationId").value] = inv.Headers.Others
	}
	facts["createMessageBatch"] = inv.Headers.Create
	return facts
}

// TestContractMergedTypes checks that types which share a component must be equal, and must exist.
func TestContractMergedTypes(t *testing.T) {
	t.Parallel()
	d, err := parse(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	inv := readFacts[inventory]("inventory.json")
	find := inv.Types["BetaBrowserFindConfig"]
	find.Additional = "string"
	inv.Types["BetaBrowserFindConfig"] = find
	delete(inv.Types, "BetaBrowserFileUploadConfig")
	problems := rule(func(d *document, report reporter) { inv.facts(d, report) }).check(d)
	for i, want := range []string{
		"/BetaToolsetOptInActionConfig: testdata has no BetaBrowserFileUploadConfig",
		"/BetaToolsetActionConfig: represents BetaBrowserCloseTabConfig and BetaBrowserFindConfig, which differ",
	} {
		if len(problems) != 2 || !strings.Contains(problems[i], want) {
			t.Errorf("got %q, want %q", problems, want)
		}
	}
}

func (d *document) facts() facts {
	beta := d.component("AnthropicBeta")
	facts := facts{"AnthropicBeta": append(beta.known().values(), onlyIf(beta.isOpenEnum(), "new values")...)}
	for _, s := range d.components() {
		if s.has("properties") {
			facts[s.key()] = onlyIf(s.at("additionalProperties").value == "true", "other properties")
		}
		for _, p := range s.at("properties").all {
			required := slices.Contains(s.at("required").values(), p.key())
			var versions, refused []string
			for _, r := range p.at("x-refused").all {
				if !r.has("role") {
					refused = append(refused, r.at("versions").values()...)
				}
			}
			if refused != nil {
				isRefused := func(version string) bool { return slices.Contains(refused, version) }
				versions = slices.DeleteFunc(d.component("AnthropicVersion").known().values(), isRefused)
			}
			kind := strings.Join(d.types(p), " | ")
			facts[s.key()+"/"+p.key()] = propertyFacts(kind, required, p.has("deprecated"), versions)
		}
	}
	for _, op := range d.operations {
		for _, p := range op.at("parameters").all {
			if p, id := d.resolve(p), op.at("operationId").value; p.at("in").value == "header" {
				facts[id] = append(facts[id], p.at("name").value)
			}
		}
	}
	return facts
}

func propertyFacts(kind string, required, deprecated bool, versions []string) []string {
	facts := slices.Concat(alternatives(kind), onlyIf(required, "required"), onlyIf(deprecated, "deprecated"))
	for _, version := range versions {
		facts = append(facts, "only by "+version)
	}
	return facts
}

func onlyIf(holds bool, text string) []string {
	if holds {
		return []string{text}
	}
	return nil
}

// listPattern matches lists; there are no lists of lists.
var listPattern = regexp.MustCompile(`\([^()]+\)\[\]|[\w<>]+\[\]`)

// alternatives splits a type as the SDK writes it. The items of a list are sorted, without string next to constants,
// because the SDK has no lists of open enums.
func alternatives(kind string) []string {
	kind = listPattern.ReplaceAllStringFunc(kind, func(list string) string {
		items := strings.Split(strings.Trim(list, "()[]"), " | ")
		if slices.ContainsFunc(items, isConstant) {
			items = slices.DeleteFunc(items, func(item string) bool { return item == "string" })
		}
		slices.Sort(items)
		return "list of " + strings.Join(items, ", ")
	})
	return strings.Split(kind, " | ")
}

func isConstant(text string) bool { return text[0] == '"' }

// types returns the alternatives that a schema allows, in the SDK's notation.
func (d *document) types(s *node) []string {
	if target := d.resolve(s); target != s && target.has("properties") {
		return []string{target.key()}
	} else if target != s {
		return d.types(target)
	}
	var types []string
	for _, member := range slices.Concat(s.at("oneOf").all, s.at("anyOf").all) {
		if !d.resolve(member).has("x-unknown-member") {
			types = append(types, d.types(member)...)
		}
	}
	for _, value := range constants(s) {
		types = append(types, `"`+value+`"`)
	}
	isUnion := len(types) > 0
	for _, kind := range s.at("type").values() {
		switch {
		case kind == "object" && isUnion: // the type of its members
			continue
		case kind == "array":
			kind = "(" + strings.Join(d.types(s.at("items")), " | ") + ")[]"
		case kind == "object":
			kind = "map<" + strings.Join(d.types(s.at("additionalProperties")), " | ") + ">"
		case kind == "integer":
			kind = "number"
		case kind == "string" && len(constants(s)) > 0:
			continue
		}
		types = append(types, kind)
	}
	if len(types) == 0 {
		return []string{"any"}
	}
	return types
}
