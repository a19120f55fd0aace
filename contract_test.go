package messagebatches_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

func TestContractIsValid(t *testing.T) {
	doc := contract.Load()
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestExamplesFitTheContract(t *testing.T) {
	doc := contract.LoadForChecks()
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		s := doc.Components.Schemas[name].Value
		if s.Example == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if err := s.VisitJSON(s.Example, openapi3.MultiErrors()); err != nil {
				t.Error(fmt.Errorf("#/components/schemas/%s/example: %w", name, err))
			}
		})
	}
}
