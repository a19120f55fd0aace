package client

import (
	"errors"
	"strings"
	"unicode"
)

// checkID refuses what could not be a batch's id or would lead to another path. No form is assumed beyond that.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("batch id is empty")
	case id == "." || id == "..":
		return errors.New("batch id is a dot segment")
	case strings.ContainsAny(id, `/\`):
		return errors.New("batch id holds a slash")
	}
	for _, r := range id {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return errors.New("batch id holds white space or a control character")
		}
	}
	return nil
}
