package preflight_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// FuzzCheckLines checks arbitrary files: there is no panic, every issue belongs to an existing line, the result does
// not depend on how the file is read, and requests without issues as JSON have none as Go values.
func FuzzCheckLines(f *testing.F) {
	for lines := range slices.Chunk(corpus(f), 8) {
		f.Add([]byte(strings.Join(lines, "\n\r\n")))
	}
	f.Add([]byte("\ufeff" + good("a") + "\r\n\n{\n" + good("a")))
	for _, text := range []string{openAI, "a,b\n", "{\n}\n", "[" + good("a") + "]", good("a") + good("b"), good("a") + ",\n", "{'a':1}", "\ufeff\xff", "[", "{", "[\n", "{\"a\":\n\"\n"} {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"custom_id":` + strings.Repeat("[", 20_000)))
	f.Fuzz(func(t *testing.T, file []byte) {
		report, err := preflight.CheckLines(bytes.NewReader(file), preflight.Options{})
		if err != nil {
			t.Fatal(err)
		}
		other, err := preflight.CheckLines(iotest.OneByteReader(bytes.NewReader(file)), preflight.Options{})
		if diff := cmp.Diff(report, other); err != nil || diff != "" {
			t.Fatalf("byte by byte: %v\n%s", err, diff)
		}
		if len(report.Issues) == 1 && report.Issues[0].Rule == preflight.File {
			if report.Requests != 0 || report.More != nil || report.Issues[0].Message == "" {
				t.Fatalf("got %+v", report)
			}
			if report, err = preflight.CheckLines(bytes.NewReader(file), preflight.Options{Disable: []preflight.Rule{preflight.File}}); err != nil {
				t.Fatal(err)
			}
		}
		requests := requestLines(file)
		if report.Requests != len(requests) {
			t.Fatalf("%d requests, want %d", report.Requests, len(requests))
		}
		last := 0
		for _, i := range report.Issues {
			switch {
			case i.Index == -1 && i.Line == 0:
				last = len(requests)
			case i.Index < last || i.Index >= len(requests) || i.Line != requests[i.Index].number:
				t.Fatalf("issue %+v comes after index %d of %d requests", i, last, len(requests))
			default:
				last = i.Index
			}
		}
		compareWithCheck(t, report, requests)
	})
}

// A requestLine is a line that is not blank.
type requestLine struct {
	number int
	text   []byte
}

func requestLines(file []byte) (lines []requestLine) {
	for i, text := range bytes.Split(bytes.TrimPrefix(file, []byte("\ufeff")), []byte("\n")) {
		if text = bytes.Trim(text, " \t\r"); len(text) > 0 {
			lines = append(lines, requestLine{i + 1, text})
		}
	}
	return lines
}

// compareWithCheck checks the requests without issues as Go values. In other requests, decoding may lose or change a
// fault: null becomes zero.
func compareWithCheck(t *testing.T, report *preflight.Report, requests []requestLine) (right int) {
	wrong := make(map[int]bool)
	for _, i := range report.Issues {
		wrong[i.Index] = true
	}
	var values []gen.BetaMessageBatchIndividualRequestParams
	for i, r := range requests {
		var v gen.BetaMessageBatchIndividualRequestParams
		if !wrong[i] && v.UnmarshalJSON(r.text) == nil {
			values = append(values, v)
		}
	}
	for _, i := range preflight.Check(values, preflight.Options{Betas: allBetas(), Disable: []preflight.Rule{preflight.DuplicateID}}).Issues {
		if i.Rule != preflight.BatchCount {
			t.Errorf("as a value: %v", i)
		}
	}
	return len(values)
}

func TestCheckFindsNoMore(t *testing.T) {
	t.Parallel()
	file := []byte(strings.Join(corpus(t), "\n"))
	report, err := preflight.CheckLines(bytes.NewReader(file), preflight.Options{Betas: allBetas(), Max: 10_000, Disable: []preflight.Rule{preflight.DuplicateID}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d requests are right", compareWithCheck(t, report, requestLines(file)), report.Requests)
}
