package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

var explained = regexp.MustCompile(`(?m)^#   (x-[a-z-]+): `)

// extensionsAreExplained: the head of the contract explains the meaning and the form of each extension, and everything
// that an extension names exists.
func extensionsAreExplained(d *document, report reporter) {
	var names []string
	for _, m := range explained.FindAllStringSubmatch(d.text, -1) {
		names = append(names, m[1])
	}
	used := make(map[string]bool) // facts
	for _, o := range d.objects {
		for _, x := range o.all {
			if !strings.HasPrefix(x.key(), "x-") || x.key() == "x-unknown-member" && o.isComponent() && x.value == "true" {
				continue
			}
			c := checker{d, o, x, used, nil}
			if !slices.Contains(names, x.key()) {
				c.say("the head has no such extension")
			} else {
				c.check()
			}
			if c.problems != nil {
				report(x, "not as the head of the contract explains it: %s", c.problems[0])
			}
		}
	}
	for _, f := range d.component("Model").at("x-facts").all {
		if name := f.at("fact"); !used[name.value] {
			report(name, "no rule asks for the fact %s", name.value)
		}
	}
}

// A checker checks one extension of a schema.
type checker struct {
	*document
	s, x     *node
	used     map[string]bool
	problems []string
}

func (c *checker) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) check() {
	component := c.s.isComponent()
	request := c.requests[c.s.in3().pointer()]
	switch c.x.key() {
	case "x-strict":
		c.strict()
	case "x-needs-beta":
		c.where(component || c.s.isProperty(), "a component or a property")
		c.betas()
	case "x-refused":
		c.where(request && (component || c.s.isProperty()), "a component or a property of requests")
		for i, r := range decode[[]schema.Refusal](c) {
			c.refusal(r)
			if rest := slices.DeleteFunc(c.x.all[i].keys(), func(key string) bool { return key == "source" || key == "severity" || key == "hint" }); len(rest) == 0 {
				c.say("an entry without a condition")
			}
		}
	case "x-across":
		c.where(request && (component || c.s.isProperty()), "a component or a property of requests")
		for i, r := range decode[[]schema.Across](c) {
			c.across(r, c.x.all[i].keys())
		}
	case "x-facts":
		c.where(c.s.key() == "Model", "Model")
		for _, f := range decode[[]schema.Fact](c) {
			c.source(f.Source)
			c.known("Model", f.Models...)
			if f.With != "" {
				c.known("AnthropicBeta", f.With)
			}
			if f.Fact == "" || len(f.Models) == 0 || f.With != "" && f.Value == nil {
				c.say("want a name, models and, with a beta, a value")
			}
		}
	case "x-deprecated":
		c.where(component && c.s.isOpenEnum(), "an open enum")
		for value, x := range decode[map[string]schema.Deprecation](c) {
			c.source(x.Source)
			c.known(c.s.key(), value)
			if x.Instead != "" {
				c.known(c.s.key(), x.Instead)
			}
			if _, err := time.Parse(time.DateOnly, x.End); x.End != "" && err != nil {
				c.say("%s is not a day", x.End)
			}
		}
	case "x-other-properties":
		c.where(component && request && c.s.has("properties"), "an object of requests")
		for name, x := range decode[map[string]schema.Other](c) {
			c.source(x.Source)
			if c.s.at("properties").has(name) {
				c.say("%s is a property", name)
			}
			if x.Instead != "" && !c.s.at("properties").has(x.Instead) {
				c.say("there is no property %s", x.Instead)
			}
		}
	case "x-json-schema":
		c.where(request && (component || c.s.isProperty()), "a component or a property of requests")
		for _, r := range decode[[]schema.JSONSchemaRule](c) {
			c.source(r.Source)
			c.severity(r.Severity)
			c.paths(r.Where)
			c.pattern(r.Names)
			if r.At != "top" && r.At != "everywhere" {
				c.say("at is top or everywhere, not %q", r.At)
			}
			if r.Refused == nil && r.Want == nil && r.Only == nil && r.Names == "" && r.MostOptional == 0 && r.MostUnions == 0 {
				c.say("an entry refuses nothing")
			}
		}
	case "x-echo", "x-same-role":
		c.where(component && request && c.s.has("properties"), "an object of requests")
		if c.x.value != "true" {
			c.say("want true")
		}
	case "x-source":
		for _, text := range c.x.values() {
			if !limitSource.MatchString(text) {
				c.source(text)
			}
		}
	case "x-as-of":
		c.where(c.s.key() == "info", "info")
	default:
		c.say("this is not how it is used")
	}
}

func (c *checker) where(holds bool, place string) {
	if !holds {
		c.say("it belongs to %s", place)
	}
}

// decode reads an extension. A misspelled key is a problem.
func decode[T any](c *checker) T {
	var v any
	var x T
	err := c.x.yaml.Decode(&v)
	if err == nil {
		var text []byte
		if text, err = json.Marshal(v); err == nil {
			err = jsonv2.Unmarshal(text, &x, jsonv2.RejectUnknownMembers(true))
		}
	}
	if wrong, ok := errors.AsType[*jsonv2.SemanticError](err); ok && wrong.Err != nil {
		err = wrong.Err // the text around it differs from run to run
	}
	if err != nil {
		c.say("%v", err)
		return *new(T)
	}
	return x
}

var sourcePattern = regexp.MustCompile(`^(docs [a-z0-9-]+ 20\d\d-\d\d-\d\d|sdk-(go|ts) \d+\.\d+\.\d+|report 20\d\d-\d\d-\d\d)$`)

// limitSource matches the sources that only limits may have.
var limitSource = regexp.MustCompile(`^(description 20\d\d-\d\d|like \w+|count)$`)

func (c *checker) source(text string) {
	if !sourcePattern.MatchString(text) {
		c.say("%q is not a source", text)
	}
}

func (c *checker) severity(text string) {
	if text != "" && text != "warning" {
		c.say("%q is not a severity", text)
	}
}

func (c *checker) pattern(text string) {
	if _, err := regexp.Compile(text); err != nil {
		c.say("%v", err)
	}
}

// known requires values of an enum.
func (c *checker) known(enum string, values ...string) {
	for _, value := range values {
		if !slices.Contains(c.component(enum).known().values(), value) {
			c.say("%s has no %s", enum, value)
		}
	}
}

// fact requires a fact about models, with or without a value.
func (c *checker) fact(name string, hasValue bool) {
	if name == "" {
		return
	}
	c.used[name] = true
	is := func(f *node) bool { return f.at("fact").value == name && f.has("value") == hasValue }
	if !slices.ContainsFunc(c.component("Model").at("x-facts").all, is) {
		c.say("there is no such fact as %s", name)
	}
}

func (c *checker) strict() {
	c.where(c.s.isComponent() && c.responses[c.s.pointer()], "an object or a union of responses")
	for _, m := range c.alternatives(c.s) {
		for _, name := range c.x.values() {
			if !m.has("x-unknown-member") && !m.at("properties").has(name) {
				c.say("%s has no %s", m.key(), name)
			}
		}
	}
}

func (c *checker) betas() {
	betas := decode[schema.Betas](c)
	c.known("AnthropicBeta", betas.Any...)
	if betas.Any == nil && betas.ByValue == nil {
		c.say("want betas")
	}
	for value, betas := range betas.ByValue {
		c.known("AnthropicBeta", betas...)
		if !slices.Contains(c.resolve(c.s).at("enum").values(), value) {
			c.say("there is no value %s", value)
		}
	}
}

// from returns the schema where relative paths of x-refused begin: the object that has the property, or the component.
func (c *checker) from() *node {
	if c.s.isComponent() {
		return c.s
	}
	return c.root.at(c.s.path[:len(c.s.path)-2]...)
}

func (c *checker) refusal(r schema.Refusal) {
	c.source(r.Source)
	c.severity(r.Severity)
	c.known("AnthropicVersion", r.Versions...)
	c.fact(r.Models, false)
	c.fact(r.Above, true)
	c.pattern(r.Matching)
	c.pattern(r.NotMatching)
	c.choice("role", r.Role, "user", "assistant", "system")
	c.choice("position", r.Position, "first", "last", "not-last", "end")
	for _, path := range slices.Concat(r.Beside, r.Without) {
		c.path(c.from(), path)
	}
	if r.AtLeast != "" {
		c.path(c.from(), r.AtLeast)
	}
	c.paths(r.Where)
	c.paths(r.WhereNot)
	if r.Unless != nil {
		c.known("AnthropicBeta", r.Unless.Betas...)
		for _, path := range r.Unless.Beside {
			c.path(c.from(), path)
		}
	}
	if r.Of != "" {
		c.path(c.s, r.Of)
	}
	enum := c.resolve(c.s).at("enum").values()
	for _, value := range r.Values {
		if text, ok := value.(string); ok && enum != nil && !slices.Contains(enum, text) {
			c.say("there is no value %s", text)
		}
	}
}

func (c *checker) choice(name, value string, choices ...string) {
	if value != "" && !slices.Contains(choices, value) {
		c.say("%s is one of %q, not %q", name, choices, value)
	}
}

func (c *checker) across(r schema.Across, keys []string) {
	c.source(r.Source)
	c.severity(r.Severity)
	c.fact(r.MostOf, true)
	fields, ok := schema.AcrossRules[r.Rule]
	if !ok {
		c.say("there is no rule %q", r.Rule)
	}
	for _, key := range keys {
		if !slices.Contains(slices.Concat([]string{"rule", "each", "hint", "source", "severity"}, fields), key) {
			c.say("%s has no %s", r.Rule, key)
		}
	}
	var each []*node
	for _, path := range r.Each {
		each = append(each, c.path(c.s, path)...)
	}
	if len(r.Each) == 0 {
		c.say("want each")
	}
	if r.To != "" {
		c.path(c.s, r.To)
	}
	for _, path := range r.Without {
		c.path(c.s, path)
	}
	if r.Unless != nil {
		c.known("AnthropicBeta", r.Unless.Betas...)
		if r.Unless.Beside != nil {
			c.say("here an exception is about betas")
		}
	}
	for path := range r.Among {
		c.leads(each, path)
	}
	for path := range r.Where {
		c.leads(each, path)
	}
	for _, link := range []*schema.Link{r.Calls, r.Results} {
		if link != nil {
			c.leads(each, link.ID)
			c.types(each, link.Type)
		}
	}
	for _, place := range slices.Concat(r.After, r.Before) {
		c.choice("role", place.Role, "user", "assistant", "system")
		c.types(c.path(c.s, "/messages/*/content/*"), place.EndsIn...)
	}
}

// types requires that each type is that of one of the schemas.
func (c *checker) types(schemas []*node, types ...string) {
	for _, t := range types {
		is := func(s *node) bool { return slices.Contains(constants(s.at("properties", "type")), t) }
		if !slices.ContainsFunc(schemas, is) {
			c.say("nothing has the type %s", t)
		}
	}
}

// leads requires that a path leads from one of the schemas to another.
func (c *checker) leads(from []*node, path string) {
	for _, s := range from {
		if len(c.follow(s, strings.Split(path, "/"))) > 0 {
			return
		}
	}
	c.say("%s leads to nothing", path)
}

// paths requires that the keys are paths, and the values lists of values that are allowed there.
func (c *checker) paths(values map[string]any) {
	for path, list := range values {
		targets := c.path(c.from(), path)
		list, ok := list.([]any)
		if !ok || len(list) == 0 {
			c.say("want a list of values of %s", path)
		}
		for _, value := range list {
			fits := func(s *node) bool {
				known := slices.Concat(constants(s), s.known().values())
				return len(known) == 0 || slices.Contains(known, fmt.Sprint(value))
			}
			if !slices.ContainsFunc(targets, fits) {
				c.say("%s has no value %v", path, value)
			}
		}
	}
}

// path returns the schemas to which a path leads, and requires at least one.
func (c *checker) path(from *node, path string) []*node {
	rest, ok := strings.CutPrefix(path, "/")
	if ok {
		from = c.component("BetaCreateMessageParams")
	}
	found := c.follow(from, strings.Split(rest, "/"))
	if len(found) == 0 {
		c.say("%s leads to nothing", path)
	}
	return found
}

// follow returns the schemas to which steps lead, each at its own place. Steps are names of properties, "*" for each
// element, and "**" for any number of steps.
func (d *document) follow(from *node, steps []string) []*node {
	here := d.alternatives(from)
	for _, step := range steps {
		var next []*node
		if step == "**" {
			seen := make(map[*node]bool)
			for queue := here; len(queue) > 0; queue = queue[1:] {
				if s := queue[0]; !seen[s] {
					seen[s] = true
					next = append(next, s)
					queue = append(queue, d.inside(s)...)
				}
			}
			here = next
			continue
		}
		for _, s := range here {
			switch {
			case step == "*" && s.has("items"):
				next = append(next, d.alternatives(s.at("items"))...)
			case s.at("properties").has(step):
				next = append(next, d.alternatives(s.at("properties", step))...)
			}
		}
		here = next
	}
	return here
}

// alternatives returns the schemas that a value of a schema may have: the members of a union, and the referenced
// schema.
func (d *document) alternatives(s *node) (all []*node) {
	s = d.resolve(s)
	arms := slices.Concat(s.at("oneOf").all, s.at("anyOf").all)
	if len(arms) == 0 || s.isOpenEnum() {
		return []*node{s}
	}
	for _, arm := range arms {
		all = append(all, d.alternatives(arm)...)
	}
	return all
}

// inside returns the schemas of the elements and properties of a schema.
func (d *document) inside(s *node) (all []*node) {
	for _, inner := range slices.Concat(s.at("properties").all, []*node{s.at("items"), s.at("additionalProperties")}) {
		if len(inner.all) > 0 {
			all = append(all, d.alternatives(inner)...)
		}
	}
	return all
}
