package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// Sections are written as the part of the file that they hold, and omitted lines as line, id and kind.
func TestSplitLines(t *testing.T) {
	t.Parallel()
	const a, b, c = `{"custom_id":"a","params":{}}`, `{"custom_id":"b","params":{}}`, `{"custom_id":"c","params":{}}`
	malformed, tooLarge, invalidID, duplicate := bulk.ErrMalformed.Error(), bulk.ErrTooLarge.Error(), bulk.ErrInvalidID.Error(), bulk.ErrDuplicateID.Error()
	spaces := strings.Repeat(" \t\r", 50_000)
	for name, tt := range map[string]struct {
		file   string
		limits bulk.Limits
		want   []string // the sections, and then the omitted lines
	}{
		"empty/nothing":       {"", bulk.Limits{}, nil},
		"empty/blank lines":   {"\n\r\n \t\n", bulk.Limits{}, nil},
		"empty/mark":          {"\ufeff", bulk.Limits{}, nil},
		"whole/one":           {a + "\n", bulk.Limits{}, []string{a + "\n"}},
		"whole/no line break": {a + "\n" + b, bulk.Limits{}, []string{a + "\n" + b}},
		"whole/mark":          {"\ufeff" + a + "\n", bulk.Limits{}, []string{a + "\n"}},
		"whole/mark later":    {a + "\n\ufeff" + b + "\n", bulk.Limits{}, []string{a + "\n", "2 : " + malformed}},
		"space/CRLF":          {a + "\r\n" + b + "\r\n", bulk.Limits{}, []string{a + "\r\n" + b + "\r\n"}},
		"space/around":        {" " + a + "\t\n\n\r\n " + b + " \n\n", bulk.Limits{MaxRequests: 1}, []string{" " + a + "\t\n", " " + b + " \n"}},
		"space/between":       {"\n" + a + "\n\n \n" + b + "\n\n", bulk.Limits{}, []string{a + "\n\n \n" + b + "\n"}},
		"space/long":          {spaces + a + spaces + "\n" + spaces + "\n" + b + "\n", bulk.Limits{MaxBytes: 100}, []string{spaces + a + spaces + "\n" + spaces + "\n" + b + "\n"}},
		"space/long, then more": {a + spaces + "}\n" + b + "\n", bulk.Limits{MaxBytes: 100},
			[]string{b + "\n", "1 a: " + tooLarge}},
		"limit/count":         {a + "\n" + b + "\n" + c + "\n", bulk.Limits{MaxRequests: 2}, []string{a + "\n" + b + "\n", c + "\n"}},
		"limit/bytes":         {a + "\n" + b + "\n" + c + "\n", bulk.Limits{MaxBytes: 15 + 2*29 + 1}, []string{a + "\n" + b + "\n", c + "\n"}},
		"limit/a byte less":   {a + "\n" + b + "\n" + c + "\n", bulk.Limits{MaxBytes: 15 + 2*29}, []string{a + "\n", b + "\n", c + "\n"}},
		"limit/one too large": {a + "\n" + `{"custom_id":"b","params":{"x":1}}` + "\n" + c, bulk.Limits{MaxBytes: 15 + 29}, []string{a + "\n", c, "2 b: " + tooLarge}},
		"limit/no room":       {a, bulk.Limits{MaxBytes: 1}, []string{"1 : " + tooLarge}},
		"large/buffered":      {`{"custom_id":"a","params":{"x":"` + strings.Repeat("x", 1000) + `"}}` + "\n" + b, bulk.Limits{MaxBytes: 500}, []string{b, "1 a: " + tooLarge}},
		"large/not buffered":  {`{"custom_id":"a","params":{"x":"` + strings.Repeat("x", 1e6) + `"}}` + "\n" + b, bulk.Limits{MaxBytes: 500}, []string{b, "1 a: " + tooLarge}},
		"large/then space":    {`{"custom_id":"a","params":{"x":"` + strings.Repeat("x", 1e5) + `"}}` + spaces + "\n" + b, bulk.Limits{MaxBytes: 500}, []string{b, "1 a: " + tooLarge}},
		"large/id behind":     {`{"params":{"x":"` + strings.Repeat("x", 1e6) + `"},"custom_id":"a"}` + "\n" + b, bulk.Limits{MaxBytes: 500}, []string{b, "1 : " + tooLarge}},
		"json/none":           {a + "\nhello\n" + b + "\n", bulk.Limits{}, []string{a + "\n", b + "\n", "2 : " + malformed}},
		"json/cut":            {a + "\n" + b[:20] + "\n" + c, bulk.Limits{}, []string{a + "\n", c, "2 b: " + malformed}},
		"json/two on a line":  {a + b + "\n", bulk.Limits{}, []string{"1 a: " + malformed}},
		"json/comma":          {a + ",\n" + b + "\n", bulk.Limits{}, []string{b + "\n", "1 a: " + malformed}},
		"json/list":           {"[" + a + "]\n", bulk.Limits{}, []string{"1 : " + malformed}},
		"json/null":           {"null\n", bulk.Limits{}, []string{"1 : " + malformed}},
		"json/invalid UTF-8":  {`{"custom_id":"a","params":{"x":"` + "\xff" + `"}}`, bulk.Limits{}, []string{"1 a: " + malformed}},
		"params/none":         {`{"custom_id":"a"}`, bulk.Limits{}, []string{"1 a: " + malformed}},
		"params/null":         {`{"custom_id":"a","params":null}`, bulk.Limits{}, []string{"1 a: " + malformed}},
		"params/list":         {`{"custom_id":"a","params":[]}`, bulk.Limits{}, []string{"1 a: " + malformed}},
		"id/none":             {`{"params":{"custom_id":"a"}}`, bulk.Limits{}, []string{"1 : " + invalidID}},
		"id/null":             {`{"custom_id":null,"params":{}}`, bulk.Limits{}, []string{"1 : " + invalidID}},
		"id/number":           {`{"custom_id":5,"params":{}}`, bulk.Limits{}, []string{"1 : " + invalidID}},
		"id/space":            {`{"custom_id":"a b","params":{}}`, bulk.Limits{}, []string{"1 a b: " + invalidID}},
		"id/escaped":          {`{"\u0063ustom_id":"\u0061","params":{}}` + "\n" + a, bulk.Limits{}, []string{`{"\u0063ustom_id":"\u0061","params":{}}` + "\n", "2 a: " + duplicate}},
		"id/last one counts":  {`{"custom_id":5,"custom_id":"b","params":{}}` + "\n" + b, bulk.Limits{}, []string{`{"custom_id":5,"custom_id":"b","params":{}}` + "\n", "2 b: " + duplicate}},
		"id/last one is none": {`{"custom_id":"b","custom_id":5,"params":{}}` + "\n" + b, bulk.Limits{}, []string{b, "1 : " + invalidID}},
		"id/behind":           {`{"params":{"x":[1,{"custom_id":"b"}]},"y":null,"custom_id":"a"}`, bulk.Limits{}, []string{`{"params":{"x":[1,{"custom_id":"b"}]},"y":null,"custom_id":"a"}`}},
		"id/duplicate":        {a + "\n" + b + "\n\n" + a + "\n" + c, bulk.Limits{MaxRequests: 1}, []string{a + "\n", b + "\n", c, "4 a: " + duplicate}},
		"id/after an error":   {`{"custom_id":"a"}` + "\n" + a, bulk.Limits{}, []string{a, "1 a: " + malformed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, sectionsOf(t, strings.NewReader(tt.file), tt.file, tt.limits)); diff != "" {
				t.Error(diff)
			}
			if len(tt.file) < 1000 {
				if diff := cmp.Diff(tt.want, sectionsOf(t, iotest.OneByteReader(strings.NewReader(tt.file)), tt.file, tt.limits)); diff != "" {
					t.Errorf("byte by byte: %s", diff)
				}
			}
		})
	}
}

// sectionsOf returns what SplitLines makes of a file, written as in TestSplitLines.
func sectionsOf(t *testing.T, r io.Reader, file string, l bulk.Limits) (all []string) {
	t.Helper()
	sections, err := collect(t, bulk.SplitLines(r, l))
	for _, s := range sections {
		section := file[s.Offset : s.Offset+s.Bytes]
		all = append(all, section)
		if body := bodyOfLines([]byte(section)); int64(len(body)) != s.Body {
			t.Errorf("section %+v has a body of %d bytes", s, len(body))
		}
	}
	return append(all, leftOut(t, err)...)
}

func TestSplitLinesReadError(t *testing.T) {
	t.Parallel()
	const a, b = `{"custom_id":"a","params":{}}` + "\n", `{"custom_id":"b","params":{}}` + "\n"
	failure := errors.New("disk on fire")
	for name, tt := range map[string]struct {
		read     string // before the failure
		requests int
		line     int // that the error names
	}{
		"at once":               {"", 0, 1},
		"in the first line":     {a[:9], 0, 1},
		"in the second line":    {a + b[:9], 1, 2},
		"before the line break": {a + b[:len(b)-1], 1, 2},
		"between lines":         {a + b, 2, 3},
		"in a long line":        {a + `{"custom_id":"` + strings.Repeat("x", 200_000), 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sections, err := collect(t, bulk.SplitLines(io.MultiReader(strings.NewReader(tt.read), iotest.ErrReader(failure)), bulk.Limits{}))
			if !errors.Is(err, failure) || !strings.HasPrefix(err.Error(), fmt.Sprintf("line %d: ", tt.line)) {
				t.Errorf("ends with %v", err)
			}
			requests := 0
			for _, s := range sections {
				requests += s.Requests
			}
			if requests != tt.requests || len(sections) > 1 {
				t.Errorf("%d requests in %d sections", requests, len(sections))
			}
		})
	}
	_, err := collect(t, bulk.SplitLines(io.MultiReader(strings.NewReader("{\n"+a), iotest.ErrReader(failure)), bulk.Limits{}))
	if left, ok := errors.AsType[*bulk.LeftOutError](err); !ok || left.Count != 1 || !errors.Is(err, failure) || !errors.Is(err, bulk.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestSplitLinesLeftEarly(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	for i := range 10 {
		fmt.Fprintf(&file, `{"custom_id":"%d","params":{}}`+"\n", i/2) // each id twice, so that each section has one request
	}
	split := func(yield func(bulk.Section, error) bool) {
		bulk.SplitLines(strings.NewReader(file.String()), bulk.Limits{})(yield)
	}
	leaveEarly(split)
	if sections, err := collect(t, split); len(sections) != 5 || !errors.Is(err, bulk.ErrDuplicateID) {
		t.Errorf("got %+v, %v", sections, err)
	}
}

func TestSplitLinesErrorsShowNothing(t *testing.T) {
	t.Parallel()
	file := `{"custom_id":"a","params":{"secret":"secret`
	_, err := collect(t, bulk.SplitLines(strings.NewReader(file), bulk.Limits{}))
	if want := `requests omitted: 1 (line 1 (request "a"): malformed request: not one whole JSON object, at byte 43: unexpected EOF)`; err.Error() != want {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("a malformed line is reported as a read error")
	}
}

// TestMemoryOfSplitLines bounds the total of all allocations, and thereby the memory held at a time. It does not run in
// parallel with other tests, whose memory would count too.
func TestMemoryOfSplitLines(t *testing.T) {
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const lines, size = 150, 200 << 10
	for name, tt := range map[string]struct {
		limits   bulk.Limits
		line     int // length of each line
		sections int
		errs     int
		most     uint64
	}{
		"many sections":  {bulk.Limits{MaxRequests: 7}, size, 22, 0, 2 << 20},
		"one section":    {bulk.Limits{}, size, 1, 0, 2 << 20},
		"lines too long": {bulk.Limits{MaxBytes: size}, 2 * size, 0, lines, 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var sections, errs int
			used := allocated(func() {
				for _, err := range bulk.SplitLines(&largeFile{lines: lines, size: tt.line}, tt.limits) {
					if left, ok := errors.AsType[*bulk.LeftOutError](err); ok {
						errs = left.Count
					} else {
						sections++
					}
				}
			})
			t.Logf("%d MiB of lines: %d sections, %d errors, %d KiB allocated", lines*tt.line>>20, sections, errs, used>>10)
			if sections != tt.sections || errs != tt.errs || used > tt.most {
				t.Errorf("%d sections, %d errors, %d KiB allocated", sections, errs, used>>10)
			}
		})
	}
}

// A largeFile generates requests as it is read, so that they are never in memory as a whole.
type largeFile struct {
	lines, size int
	head, tail  []byte
	middle      int
}

var xs = bytes.Repeat([]byte("x"), 64<<10)

func (f *largeFile) Read(p []byte) (n int, err error) {
	if len(f.head) == 0 && f.middle == 0 && len(f.tail) == 0 {
		if f.lines == 0 {
			return 0, io.EOF
		}
		f.lines--
		f.head, f.middle, f.tail = fmt.Appendf(nil, `{"custom_id":"r%d","params":{"x":"`, f.lines), f.size, []byte("\"}}\n")
	}
	switch {
	case len(f.head) > 0:
		n = copy(p, f.head)
		f.head = f.head[n:]
	case f.middle > 0:
		n = copy(p[:min(len(p), f.middle)], xs)
		f.middle -= n
	default:
		n = copy(p, f.tail)
		f.tail = f.tail[n:]
	}
	return n, nil
}

// FuzzSplitLines splits arbitrary input: each line that is not blank is in one section or omitted, and the fields of
// sections are correct.
func FuzzSplitLines(f *testing.F) {
	const line = `{"custom_id":"a","params":{}}` + "\n"
	f.Add([]byte(line), 0, int64(0))
	f.Add([]byte("\ufeff \r\n"+line+line+`{"params":{"x":"\ud83d"},"custom_id":"b"}`), 1, int64(50))
	f.Add([]byte(line+"{\n"+strings.ReplaceAll(line, "a", "b")), 3, int64(100))
	f.Fuzz(func(t *testing.T, file []byte, requests int, size int64) {
		limits := bulk.Limits{MaxRequests: requests, MaxBytes: size}
		sections, err := collect(t, bulk.SplitLines(bytes.NewReader(file), limits))
		if requests < 0 || size < 0 {
			if err == nil || len(sections) > 0 {
				t.Fatalf("got %v, %v", sections, err)
			}
			return
		}
		again, _ := collect(t, bulk.SplitLines(iotest.HalfReader(bytes.NewReader(file)), limits))
		if !slices.Equal(sections, again) {
			t.Fatalf("got %+v, and then %+v", sections, again)
		}
		want := 0
		for line := range bytes.Lines(bytes.TrimPrefix(file, []byte("\ufeff"))) {
			if len(bytes.Trim(line, " \t\r\n")) > 0 {
				want++
			}
		}
		n, end := 0, int64(0)
		left, ok := errors.AsType[*bulk.LeftOutError](err)
		if ok {
			n = left.Count
			checkFirst(t, left)
		} else if err != nil {
			t.Fatal(err)
		}
		for _, s := range sections {
			n += s.Requests
			if s.Offset < end || s.Requests < 1 || requests > 0 && s.Requests > requests || size > 0 && s.Body > size {
				t.Fatalf("got %+v behind %d", s, end)
			}
			end = s.Offset + s.Bytes
			text := file[s.Offset:end]
			// A section alone is split into one section.
			alone, err := collect(t, bulk.SplitLines(bytes.NewReader(text), bulk.Limits{}))
			if err != nil || len(alone) != 1 || alone[0].Requests != s.Requests || alone[0].Body != s.Body || alone[0].Bytes != s.Bytes {
				t.Fatalf("section %+v alone: %+v, %v", s, alone, err)
			}
			if body := bodyOfLines(text); int64(len(body)) != s.Body {
				t.Fatalf("section %+v makes %d bytes", s, len(body))
			}
		}
		if n != want {
			t.Fatalf("%d of %d lines", n, want)
		}
	})
}

// checkFirst checks the requests that an error names.
func checkFirst(t *testing.T, left *bulk.LeftOutError) {
	t.Helper()
	if len(left.First) != min(10, left.Count) {
		t.Fatalf("%d of %d are named", len(left.First), left.Count)
	}
	last := -1
	for _, r := range left.First {
		if kindOf(r) == nil || r.Index <= last || r.Line <= r.Index {
			t.Fatalf("got %v", r)
		}
		last = r.Index
	}
}
