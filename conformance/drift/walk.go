package drift

import (
	"maps"
	"slices"
)

// A node is one place in the JSON as one side describes it. Its shape is read only when the walk gets there, because
// types are recursive.
type node struct {
	name      string   // of its type, or ""
	needsBeta bool     // according to the contract
	betaOnly  []string // values that need a beta according to the contract
	shape     func() shape
}

// A shape is the part of a node that is compared.
type shape struct {
	kind     string          // object, list, map, union, string, time, integer, number, boolean, any
	parts    map[string]node // properties of an object, members of a union
	required []string        // properties of an object
	items    node            // of a list, of a map
	values   []string        // of an enum, or of a constant

	deprecatedParts  []string          // properties of an object
	deprecatedValues map[string]string // values of an enum, with the day of their end, 2027-01-22, or ""
}

// leaf returns a node that has only a kind.
func leaf(kind string) node {
	return node{shape: func() shape { return shape{kind: kind} }}
}

// union returns the shape of a union. A member has the name of its type or role, or else of its JSON kind.
func union(members ...node) shape {
	u := shape{kind: "union", parts: make(map[string]node)}
	for _, m := range members {
		for _, name := range memberNames(m.shape()) {
			for u.parts[name].shape != nil {
				name += "'" // marks two members with the same name
			}
			u.parts[name] = m
		}
	}
	return u
}

func memberNames(s shape) []string {
	for _, tag := range []string{"type", "role"} {
		if p, ok := s.parts[tag]; ok && s.kind == "object" {
			if values := p.shape().values; len(values) > 0 {
				return values
			}
		}
	}
	return []string{s.kind}
}

// A walk compares nodes, those near the roots first, so that types shared by several places are compared once, at the
// shortest path.
type walk struct {
	report *Report
	queue  []pair
	seen   map[[2]string]bool
}

// A pair holds the nodes of both sides at one place.
type pair struct {
	path          string
	sdk, contract node
}

func newWalk(r *Report) *walk { return &walk{report: r, seen: make(map[[2]string]bool)} }

func (w *walk) add(path string, sdk, contract node) {
	if sdk.name != "" && contract.name != "" {
		names := [2]string{sdk.name, contract.name}
		if w.seen[names] {
			return
		}
		w.seen[names] = true
	}
	w.queue = append(w.queue, pair{path, sdk, contract})
}

func (w *walk) run() {
	for ; len(w.queue) > 0; w.queue = w.queue[1:] {
		w.compare(w.queue[0])
	}
}

func (w *walk) compare(at pair) {
	sdk, contract := at.sdk.shape(), at.contract.shape()
	switch {
	// Where one side has a union and the other one of its members, the other members are the difference.
	case sdk.kind == "union" && contract.kind != "union":
		contract = union(at.contract)
	case contract.kind == "union" && sdk.kind != "union":
		sdk = union(at.sdk)
	// The SDK has no type for a free object: its type is any.
	case sdk.kind == "any" && contract.kind == "map":
		return
	}
	if sdk.kind != contract.kind {
		w.report.add(at.path, "%s in the SDK, %s in the contract", sdk.kind, contract.kind)
		return
	}
	switch sdk.kind {
	case "object":
		w.report.Types++
		common := w.parts(at.path, sdk, contract)
		w.report.Properties += len(common)
		w.deprecations(at.path+".", common, endless(sdk.deprecatedParts), endless(contract.deprecatedParts))
	case "union":
		w.report.Types++
		w.report.Members += len(w.parts(at.path, sdk, contract))
	case "list":
		w.add(at.path+"[]", sdk.items, contract.items)
	case "map":
		w.add(at.path+"{}", sdk.items, contract.items)
	case "string":
		common := w.names(at.path+"=", sdk.values, contract.values)
		w.report.Values += len(common)
		w.deprecations(at.path+"=", common, sdk.deprecatedValues, contract.deprecatedValues)
	}
}

// parts compares the names of parts and queues those that both sides have. It returns their names.
func (w *walk) parts(path string, sdk, contract shape) []string {
	common := w.names(path+".", slices.Collect(maps.Keys(sdk.parts)), slices.Collect(maps.Keys(contract.parts)))
	for _, name := range common {
		inSDK, inContract := slices.Contains(sdk.required, name), slices.Contains(contract.required, name)
		switch {
		case inSDK && inContract:
			w.report.Required++
		case inSDK:
			w.report.add(path+"."+name+"(required)", contractLacks)
		case inContract:
			w.report.add(path+"."+name+"(required)", sdkLacks)
		}
		w.add(path+"."+name, sdk.parts[name], contract.parts[name])
	}
	return common
}

const (
	contractLacks = "the contract lacks it"
	sdkLacks      = "the SDK lacks it"
)

// names reports names that only one side has and returns those that both have.
func (w *walk) names(prefix string, sdk, contract []string) (common []string) {
	for _, name := range slices.Sorted(slices.Values(sdk)) {
		if slices.Contains(contract, name) {
			common = append(common, name)
		} else {
			w.report.add(prefix+name, contractLacks)
		}
	}
	for _, name := range slices.Sorted(slices.Values(contract)) {
		if !slices.Contains(sdk, name) {
			w.report.add(prefix+name, sdkLacks)
		}
	}
	return common
}
