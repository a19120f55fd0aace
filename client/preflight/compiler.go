package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// A compiler makes nodes from the contract's schemas: one node per component and way to reach it.
type compiler struct {
	components map[string]*schema.Schema
	nodes      map[string]*node // by component and reach
	root       *node
	asOf       string
	facts      map[string][]schema.Fact

	paths     map[string]*path // by text
	registers []register
	byKey     map[string]int        // registers
	marks     map[*path][]int       // registers of a path
	targets   map[*path][]target    // across rules of a path
	absolute  []*path               // those that begin at the params
	messages  *path                 // to the messages
	content   *path                 // to the content of a message
	block     *path                 // to a block of the content
	model     int                   // the register of the model
	refused   map[string][]*refusal // by component, or component/property
	across    map[string][]*across
	schemas   map[string][]*schemaRule
	rulesAll  []*across // by number
	pairs     int       // rules about pairs
	rows      int       // rules about places
}

// path parses a path. A text that begins with "/" is a path from the params.
func (c *compiler) path(text string) *path {
	p := c.paths[text]
	if p == nil {
		p = newPath(len(c.paths), text)
		c.paths[text] = p
		if strings.HasPrefix(text, "/") {
			c.absolute = append(c.absolute, p)
		}
	}
	return p
}

// register returns the number of a register.
func (c *compiler) register(text string, values []any) int {
	return c.registerOf(text, values, false)
}

func (c *compiler) registerOf(text string, values []any, nonEmpty bool) int {
	key := fmt.Sprintf("%s %q %v", text, values, nonEmpty)
	if i, ok := c.byKey[key]; ok {
		return i
	}
	i := len(c.registers)
	p := c.path(text)
	c.registers = append(c.registers, register{path: p, values: literals(values), text: nonEmpty})
	c.byKey[key] = i
	c.marks[p] = append(c.marks[p], i)
	return i
}

// alias makes another path lead to a register.
func (c *compiler) alias(register int, text string) {
	p := c.path(text)
	if !slices.Contains(c.marks[p], register) {
		c.marks[p] = append(c.marks[p], register)
	}
}
