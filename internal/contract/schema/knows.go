package schema

import "slices"

// Knows reports whether the contract lists a value of an enum, which is a component.
func Knows(enum, value string) bool {
	return slices.Contains(Components()[enum].Enum, any(value))
}
