package drift

import (
	"go/constant"
	"go/types"
	"regexp"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// deprecations compares which of the names that both sides have are deprecated, and when they end if both state it.
func (w *walk) deprecations(prefix string, names []string, sdk, contract map[string]string) {
	for _, name := range names {
		theirs, inSDK := sdk[name]
		ours, inContract := contract[name]
		place := prefix + name + "(deprecated)"
		switch {
		case inSDK && !inContract:
			w.report.add(place, contractLacks)
		case inContract && !inSDK:
			w.report.add(place, sdkLacks)
		case theirs != ours && theirs != "" && ours != "":
			w.report.add(place, "ends on %s in the SDK, on %s in the contract", theirs, ours)
		case inSDK:
			w.report.Deprecations++
		}
	}
}

// endless returns the names with an unknown end.
func endless(names []string) map[string]string {
	ends := make(map[string]string)
	for _, name := range names {
		ends[name] = ""
	}
	return ends
}

// isDeprecated reports whether a comment has a deprecation paragraph.
func isDeprecated(comment string) bool {
	return strings.HasPrefix(comment, "Deprecated: ") || strings.Contains(comment, "\nDeprecated: ")
}

var endOfLife = regexp.MustCompile(`end-of-life on (\w+ \d+, \d{4})`)

// deprecatedValues returns the deprecated values of a string type with their end dates.
func (s *officialSDK) deprecatedValues(t types.Type) map[string]string {
	obj := typeName(t)
	if obj == nil {
		return nil
	}
	ends := make(map[string]string)
	for _, c := range constants(obj) {
		comment := s.comments[c.Pos()]
		if !isDeprecated(comment) {
			continue
		}
		end := ""
		if m := endOfLife.FindStringSubmatch(strings.Join(strings.Fields(comment), " ")); m != nil {
			if day, err := time.Parse("January 2, 2006", m[1]); err == nil {
				end = day.Format(time.DateOnly)
			}
		}
		ends[constant.StringVal(c.Val())] = end
	}
	return ends
}

// contractDeprecated returns the deprecated values of an enum with their end dates. Only this function knows the form
// of x-deprecated: an object by value, with "end" if it is known.
func contractDeprecated(s *openapi3.Schema) map[string]string {
	ends := make(map[string]string)
	byValue, _ := s.Extensions["x-deprecated"].(map[string]any)
	for value, details := range byValue {
		ends[value] = ""
		if d, ok := details.(map[string]any); ok {
			ends[value], _ = d["end"].(string)
		}
	}
	return ends
}
