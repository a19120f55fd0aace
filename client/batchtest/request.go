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
	params   jsontext.Value // as received
}

// mistake returns the first error in the request's parameters, or "".
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

// decode decodes the request. Even with an error, the value holds what fits the contract. Properties that the contract
// does not know are not an error.
func (r request) decode() (decoded gen.BetaMessageBatchIndividualRequestParams, err error) {
	decoded.CustomID = r.customID
	err = decoded.Params.UnmarshalJSON(r.params)
	if misfit, ok := errors.AsType[*gen.DecodeError](err); ok && misfit.Unknown {
		err = nil
	}
	return decoded, err
}

// dotted writes a JSON pointer as the service does: messages.0.content.
func dotted(root string, p jsontext.Pointer) string {
	for token := range p.Tokens() {
		root += "." + token
	}
	return strings.TrimPrefix(root, ".")
}
