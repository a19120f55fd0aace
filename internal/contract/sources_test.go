package contract_test

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	limitKeywords = strings.Fields(`minimum exclusiveMinimum maximum exclusiveMaximum multipleOf minLength maxLength pattern
		minItems maxItems uniqueItems minProperties maxProperties`)
	source = regexp.MustCompile(`^(docs [a-z0-9-]+ 20\d\d-\d\d-\d\d|sdk-go \d+\.\d+\.\d+|report 20\d\d-\d\d-\d\d|description 2026-06|like (\w+)|count)$`)
)

// limitsHaveSources: each limit names its source.
func limitsHaveSources(d *document, report reporter) {
	for _, s := range d.schemas {
		from := s.at("x-source")
		var limited []string
		for _, keyword := range limitKeywords {
			if s.has(keyword) {
				limited = append(limited, keyword)
			}
		}
		if limited == nil {
			if from.exists() {
				report(from, "the source of a limit that does not exist")
			}
			continue
		}
		if !from.exists() {
			report(s, "%s lacks an x-source", limited[0])
			continue
		}
		if len(from.all) > 0 && !slices.Equal(slices.Sorted(slices.Values(from.keys())), slices.Sorted(slices.Values(limited))) {
			report(from, "want a source for each of %q", limited)
		}
		for _, keyword := range limited {
			text := from.value + from.at(keyword).value
			if text == "" {
				continue // reported already
			}
			m := source.FindStringSubmatch(text)
			if m == nil {
				report(from, "%q is not a source as the head of the contract explains it", text)
			}
			if m != nil && m[2] != "" && d.component(m[2]).at("properties", s.key(), keyword).value != s.at(keyword).value {
				report(from, "%s does not have the same %s", m[2], keyword)
			}
		}
	}
}

// headHasADate: the contract has a date.
func headHasADate(d *document, report reporter) {
	day := d.root.at("info", "x-as-of")
	if _, err := time.Parse(time.DateOnly, day.value); err != nil {
		report(day, "want x-as-of, a day")
	}
}
