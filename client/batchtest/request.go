package batchtest

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A request is a request of a batch.
type request struct {
	customID string
	params   jsontext.Value // as they came
}

// mistake returns what the contract does not allow about the request's parameters, or "".
func (r request) mistake(o preflight.Options) string {
	for _, issue := range preflight.CheckParams(r.params, o) {
		if issue.Severity == preflight.Error {
			return dotted("params", issue.Pointer) + ": " + issue.Message
		}
	}
	if _, err := r.decode(); err != nil {
		return err.Error()
	}
	return ""
}

// decode returns the request as a value. With an error, it holds what fits the contract. Properties that the contract
// does not know are no error.
func (r request) decode() (decoded gen.BetaMessageBatchIndividualRequestParams, err error) {
	decoded.CustomID = r.customID
	err = decoded.Params.UnmarshalJSON(r.params)
	if misfit, ok := errors.AsType[*gen.DecodeError](err); ok && misfit.Unknown {
		err = nil
	}
	return decoded, err
}

// dotted writes a place the way the service does: messages.0.content.
func dotted(root string, p jsontext.Pointer) string {
	for token := range p.Tokens() {
		root += "." + token
	}
	return strings.TrimPrefix(root, ".")
}
