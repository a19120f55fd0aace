package live

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	shortestSecret = 8   // a shorter value could occur in other words
	longestText    = 300 // of one piece of foreign text, in bytes
)

// A censor makes foreign text safe for the record: it removes secrets and shortens IDs of organizations before
// truncating, escapes invisible characters, and bounds lengths.
type censor struct{ replacer *strings.Replacer }

// newCensor returns a censor for the recorded requests and responses.
func newCensor(exchanges []*exchange, secrets []string) censor {
	var pairs []string
	seen := make(map[string]bool)
	replace := func(secret, by string) {
		if len(secret) >= shortestSecret && !seen[secret] {
			seen[secret] = true
			pairs = append(pairs, secret, by)
		}
	}
	for _, secret := range secrets {
		replace(secret, "[secret]")
	}
	for _, e := range exchanges {
		for _, name := range []string{"anthropic-organization-id", "anthropic-workspace-id"} {
			if id := e.header.Get(name); id != "" {
				replace(id, shorten(id))
			}
		}
	}
	return censor{strings.NewReplacer(pairs...)}
}

// shorten keeps the beginning of an ID.
func shorten(id string) string { return id[:min(len(id), 4)] + "…" }

// text returns a foreign text as one line.
func (c censor) text(s string) string {
	var b strings.Builder
	for _, r := range c.replacer.Replace(s) {
		if b.Len() >= longestText {
			b.WriteString("…")
			break
		}
		if strconv.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// code returns a foreign text as a Markdown code span that may be used in a table.
func (c censor) code(s string) string {
	s = strings.NewReplacer("`", "'", "|", `\|`).Replace(c.text(s))
	if strings.TrimSpace(s) == "" {
		return "(empty)"
	}
	return "`" + s + "`"
}

// took formats a duration with a precision that fits its length.
func took(d time.Duration) string {
	switch {
	case d.Abs() >= time.Minute:
		return d.Round(time.Second).String()
	case d.Abs() >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// thousands writes a number with commas.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
