package contract_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/seed-111a911e/messagebatches"
)

// rules are the rules that the contract must keep. edits_test.go breaks each of them.
var rules = map[string]rule{
	"inventory": inventoryMatches,

	"limits have sources": limitsHaveSources,
	"head has a date":     headHasADate,

	"valid":          valid,
	"examples exist": examplesExist,
	"examples fit":   examplesFit,
	"no anchors":     anchorsAreAbsent,

	"errors have their status": errorsHaveTheirStatus,

	"unions have their form": unionsHaveTheirForm,
	"unions decide":          unionsDecide,
	"responses are open":     responsesAreOpen,

	"operations are complete":  operationsAreComplete,
	"components are used":      componentsAreUsed,
	"names do not name kinds":  namesDoNotNameKinds,
	"enums appear once":        enumsAppearOnce,
	"extensions are explained": extensionsAreExplained,

	"descriptions say something": descriptionsSaySomething,
	"words are plain":            wordsArePlain,
	"properties are in order":    propertiesAreInOrder,
	"keys are in order":          keysAreInOrder,
	"parts are in order":         partsAreInOrder,
	"lines are short":            linesAreShort,
}

func TestContractKeepsRules(t *testing.T) {
	t.Parallel()
	d, err := parse(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range rules[name].check(d) {
				t.Error(p)
			}
		})
	}
	types, properties := readFacts[inventory]("inventory.json").Types, 0
	for _, t := range types {
		properties += len(t.Properties)
	}
	t.Logf("%d rules, %d components; compared %d types, %d properties", len(rules), len(d.components()), len(types), properties)
}
