package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// Visible escapes characters that a reader cannot see, such as controls and line breaks, as in Go strings, because file
// names, property names and texts from outside must not control the terminal. It truncates text after 500 bytes.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= 500 {
			b.WriteString("...")
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

// Thousands formats a number with commas.
func Thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Plural formats a number and what it counts: "1 batch", "2,000 requests".
func Plural(n int64, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		return Thousands(n) + " " + noun + "es"
	}
	return Thousands(n) + " " + noun + "s"
}

// A Count is a number of things: 2 of "failed".
type Count struct {
	N  int64  // how many
	Of string // of what
}

// Counts joins counts with commas. It omits those after the first that are zero: "18 answered, 2 failed".
func Counts(first Count, others ...Count) string {
	all := []string{Thousands(first.N) + " " + first.Of}
	for _, c := range others {
		if c.N > 0 {
			all = append(all, Thousands(c.N)+" "+c.Of)
		}
	}
	return strings.Join(all, ", ")
}

// List splits a list whose items are separated by commas or spaces.
func List(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// Bytes formats a number of bytes: "12.3 MB".
func Bytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	v, unit := float64(n), 0
	for ; v >= 999.5 && unit < len(units)-1; unit++ {
		v /= 1000
	}
	if unit == 0 || v >= 99.5 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " " + units[unit]
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + units[unit]
}

// Short formats a number with three digits: "12.3M".
func Short(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	text := Bytes(n)
	number, unit, _ := strings.Cut(text, " ")
	return number + map[string]string{"kB": "K", "MB": "M", "GB": "B", "TB": "T"}[unit]
}

// Dollars formats an amount of US dollars, with two decimals, or more if it would otherwise look like zero.
func Dollars(m bulk.Money) string {
	v := m.Float64()
	switch {
	case v == 0:
		return "$0"
	case v < 0.0001 && v > -0.0001:
		return "$" + strconv.FormatFloat(v, 'f', 7, 64)
	case v < 0.01 && v > -0.01:
		return "$" + strconv.FormatFloat(v, 'f', 4, 64)
	case v >= 1000:
		return "$" + Thousands(int64(v+0.5))
	}
	return "$" + strconv.FormatFloat(v, 'f', 2, 64)
}

// Duration formats a duration for people: "3 days", "23h51m", "4m12s", "12s".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Hour:
		return d.Truncate(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + " days"
}

// Cut truncates a text to a number of bytes.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
