package client

import (
	"fmt"
	"net/http"
	"strings"
)

// splitBetas splits the value of an anthropic-beta header.
func splitBetas(value string) []Beta {
	var betas []Beta
	for b := range strings.SplitSeq(value, ",") {
		betas = append(betas, Beta(strings.TrimSpace(b)))
	}
	return betas
}

func headerBetas(h http.Header) []Beta {
	var betas []Beta
	for _, v := range h.Values("anthropic-beta") {
		betas = append(betas, splitBetas(v)...)
	}
	return betas
}

func checkBeta(b Beta) error {
	switch {
	case b == "":
		return fmt.Errorf("beta is empty")
	case strings.Contains(string(b), ","):
		return fmt.Errorf("beta %.64q holds a comma: pass each beta as a separate value", b)
	case !isToken(string(b)):
		return fmt.Errorf("beta %.64q is malformed: betas look like feature-2026-01-31", b)
	}
	return nil
}

// checkPasted rejects values with the quotes or white space that an editor, a shell or docker --env-file may leave around
// them, and values that would break out of a header. Its errors do not repeat the value.
func checkPasted(what, value string) error {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return fmt.Errorf("%s is in quotes, which are shell syntax: remove them", what)
	}
	return checkHeaderValue(what, value)
}

// checkHeaderValue rejects values that would break out of a header. Its errors do not repeat the value.
func checkHeaderValue(what, value string) error {
	if value == "" {
		return fmt.Errorf("%s is empty", what)
	}
	if strings.TrimSpace(value) != value {
		return fmt.Errorf("%s begins or ends with white space or a line break", what)
	}
	for _, b := range []byte(value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return fmt.Errorf("%s holds a control character", what)
		}
	}
	return nil
}

// isToken reports whether s is an HTTP token, as header names must be.
func isToken(s string) bool {
	for _, b := range []byte(s) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
