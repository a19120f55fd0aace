package client

import (
	"fmt"
	"slices"
	"strings"
)

// WithBetas switches on beta features. The betas of the client and of the call are sent together, in that order,
// each once. A beta that could not be the value of a header, or that is several in one, is refused before
// anything is sent.
func WithBetas(betas ...Beta) CallOption {
	return callOption(func(c *call) error { return c.addBetas(betas) })
}

func (c *call) addBetas(betas []Beta) error {
	for _, b := range betas {
		if err := checkBeta(b); err != nil {
			return err
		}
		if !slices.Contains(c.betas, b) {
			c.betas = append(c.betas, b)
		}
	}
	return nil
}

// splitBetas takes the value of an anthropic-beta header apart.
func splitBetas(value string) []Beta {
	var betas []Beta
	for b := range strings.SplitSeq(value, ",") {
		betas = append(betas, Beta(strings.TrimSpace(b)))
	}
	return betas
}

func checkBeta(b Beta) error {
	switch {
	case b == "":
		return fmt.Errorf("beta is empty")
	case strings.Contains(string(b), ","):
		return fmt.Errorf("beta %q holds a comma: pass each beta as a value of its own", b)
	case !isToken(string(b)):
		return fmt.Errorf("beta %q is malformed: betas look like feature-2026-01-31", b)
	}
	return nil
}
