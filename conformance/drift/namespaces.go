package drift

import (
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// namespaces compares the parameters of create in the SDK's beta namespace with those in its stable one. Parameters
// that only the former has should need a beta in the contract, at their place or above.
func (r *Report) namespaces(sdk *officialSDK, doc *openapi3.T) {
	beta := newWalk(new(Report))
	for m := range sdk.stableBatches.Methods() {
		if m.Name() == "New" {
			beta.add("create", sdk.params(sdk.methods()["New"]), sdk.params(m))
		}
	}
	beta.run()
	contract := operationParams(operations(doc)["createMessageBatch"])
	for _, d := range beta.report.Differences {
		if d.Text != contractLacks || strings.HasSuffix(d.Place, ")") { // in this comparison the stable namespace is the contract
			continue
		}
		if found, needsBeta := lookUp(contract, d.Place); found && !needsBeta {
			r.add(d.Place+"(beta)", "only in the SDK's beta namespace, and the contract has no x-needs-beta for it")
		}
	}
}

var step = regexp.MustCompile(`\.[^.\[\]{}=]+|\[\]|\{\}|=.*`)

// lookUp follows a place in the contract from the parameters of a call. It reports whether the contract has the place,
// and whether anything on the way needs a beta.
func lookUp(n node, place string) (found, needsBeta bool) {
	for _, name := range step.FindAllString(place, -1) {
		needsBeta = needsBeta || n.mustHaveBeta()
		s := n.shape()
		switch name[0] {
		case '.':
			part, ok := s.parts[name[1:]]
			if !ok {
				return false, false
			}
			n = part
		case '=':
			return true, needsBeta || slices.Contains(n.betaOnly, name[1:])
		default:
			n = s.items
		}
		if n.shape == nil {
			return false, false
		}
	}
	return true, needsBeta || n.mustHaveBeta()
}

// mustHaveBeta reports whether a node needs a beta, itself or as a union with each of its members.
func (n node) mustHaveBeta() bool {
	s := n.shape()
	if n.needsBeta || s.kind != "union" || len(s.parts) == 0 {
		return n.needsBeta
	}
	for _, member := range s.parts {
		if !member.needsBeta {
			return false
		}
	}
	return true
}
