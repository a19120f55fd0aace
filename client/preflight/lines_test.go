package preflight_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// good returns a valid request.
func good(id string) string {
	return `{"custom_id":"` + id + `","params":{"model":"claude-opus-5","max_tokens":16,"messages":[{"role":"user","content":"Hi"}]}}`
}

// foundAt formats issues, each preceded by its index and line.
func foundAt(issues []preflight.Issue) []string {
	all := []string{}
	for n, text := range found(issues) {
		all = append(all, fmt.Sprintf("%d:%d %s", issues[n].Index, issues[n].Line, text))
	}
	return all
}

func TestLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in       string
		requests int
		want     []string
	}{
		"one line":                      {good("a"), 1, []string{}},
		"line break at the end":         {good("a") + "\n", 1, []string{}},
		"blank lines":                   {"\n\n" + good("a") + "\n \t\r\n\n" + good("a b") + "\n\n", 2, []string{"1:6 error pattern /custom_id"}},
		"CRLF":                          {good("a") + "\r\n" + good("b") + "\r\n" + good("") + "\r\n", 3, []string{"2:3 error limit /custom_id", "2:3 error pattern /custom_id"}},
		"byte order mark":               {"\ufeff" + good("a") + "\n" + good("b"), 2, []string{}},
		"byte order mark alone":         {"\ufeff\n" + good("a"), 1, []string{}},
		"byte order mark later":         {good("a") + "\n\ufeff" + good("b"), 2, []string{"1:2 error json"}},
		"byte order mark of UTF-16":     {"\xff\xfe{\x00}\x00", 0, []string{"-1:0 error file batch"}},
		"empty":                         {"", 0, []string{"-1:0 error batch-count batch"}},
		"blank":                         {"\n \n", 0, []string{"-1:0 error batch-count batch"}},
		"space that JSON does not know": {"\u00a0\n" + good("a"), 2, []string{"0:1 error json"}},
		"not JSON":                      {good("a") + "\n{]\n" + good("b"), 3, []string{"1:2 error json"}},
		"cut off":                       {good("a")[:90], 1, []string{"0:1 error json /params/messages/0/role"}},
		"two on a line":                 {good("a") + good("b"), 0, []string{"-1:1 error file batch"}},
		"a list of requests":            {"[" + good("a") + "]", 0, []string{"-1:1 error file batch"}},
		"a comma behind":                {good("a") + ",\n" + good("b"), 2, []string{"0:1 error json"}},
		"single quotes":                 {`{'custom_id':'a'}`, 0, []string{"-1:1 error file batch"}},
		"comment":                       {"// requests\n" + good("a"), 2, []string{"0:1 error json"}},
		"NaN":                           {strings.Replace(good("a"), "16", "NaN", 1), 1, []string{"0:1 error json /params/max_tokens"}},
		"leading zero":                  {strings.Replace(good("a"), "16", "016", 1), 1, []string{"0:1 error json /params"}},
		"line break in a text":          {strings.Replace(good("a"), "Hi", "H\ni", 1), 2, []string{"0:1 error json /params/messages/0/content", "1:2 error json"}},
		"tab in a text":                 {strings.Replace(good("a"), "Hi", "H\ti", 1), 1, []string{"0:1 error json /params/messages/0/content"}},
		"invalid UTF-8":                 {strings.Replace(good("a"), "Hi", "Z\xfcrich", 1), 1, []string{"0:1 error json /params/messages/0/content"}},
		"invalid UTF-8 in a name":       {strings.Replace(good("a"), "model", "m\xffdel", 1), 1, []string{"0:1 error json /params"}},
		"invalid UTF-8 in free JSON":    {strings.Replace(good("a"), `"model"`, `"metadata":{"x":"`+"\xff"+`"},"model"`, 1), 1, []string{"0:1 error json /params/metadata/x"}},
		"lone surrogate":                {strings.Replace(good("a"), "Hi", `\ud83d`, 1), 1, []string{"0:1 error json /params/messages/0/content"}},
		"an error hides the others":     {strings.Replace(good("a b"), "Hi", `\x`, 1), 1, []string{"0:1 error json /params/messages/0/content"}},
		"duplicate":                     {good("a") + "\n" + good("b") + "\n\n" + good("a") + "\n" + good("a"), 4, []string{"2:4 error duplicate-id /custom_id", "3:5 error duplicate-id /custom_id"}},
		"duplicate, escaped":            {good("a-1") + "\n" + good(`\u0061-1`), 2, []string{"1:2 error duplicate-id /custom_id"}},
		"bad ids are no duplicates":     {good("") + "\n" + good(""), 2, []string{"0:1 error limit /custom_id", "0:1 error pattern /custom_id", "1:2 error limit /custom_id", "1:2 error pattern /custom_id"}},
		"duplicate after other issues":  {good("a") + "\n" + strings.Replace(good("a"), "16", "0", 1), 2, []string{"1:2 error limit /params/max_tokens", "1:2 error duplicate-id /custom_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			for reader, r := range map[string]io.Reader{"whole": strings.NewReader(tt.in), "bytes": iotest.OneByteReader(strings.NewReader(tt.in)), "with EOF": iotest.DataErrReader(strings.NewReader(tt.in))} {
				report, err := preflight.CheckLines(r, preflight.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, foundAt(report.Issues)); diff != "" || report.Requests != tt.requests {
					t.Errorf("%s: %d requests (-want +got)\n%s%v", reader, report.Requests, diff, report.Issues)
				}
			}
		})
	}
}

// TestLongLines checks lines that are longer than a block, and lines that end where a block does.
func TestLongLines(t *testing.T) {
	t.Parallel()
	const block = 1 << 20
	long := func(size int) string {
		line := good("long")
		return strings.Replace(line, "Hi", strings.Repeat("x", size-len(line)+2), 1)
	}
	for _, size := range []int{block - 1, block, block + 1, block + 64<<10, 3*block + 17} {
		in := long(size) + "\n" + long(size) + "\n\n" + good("a b") + "\n" + strings.Repeat(" ", 2*block) + "\n" + strings.TrimSuffix(long(size), "}")
		report, err := preflight.CheckLines(strings.NewReader(in), preflight.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"1:2 error duplicate-id /custom_id", "2:4 error pattern /custom_id", "3:6 error json", "3:6 error duplicate-id /custom_id"}
		if diff := cmp.Diff(want, foundAt(report.Issues)); diff != "" {
			t.Errorf("%d bytes: %s", size, diff)
		}
		if size := int64(len(`{"requests":[]}`) + 3*size - 1 + len(good("a b")) + 3); report.Requests != 4 || report.Bytes != size {
			t.Errorf("%d requests with %d bytes, want %d", report.Requests, report.Bytes, size)
		}
	}
}

// TestReadError checks that issues before a read error are reported, but none about the incomplete line.
func TestReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk is gone")
	for name, tt := range map[string]struct {
		before   string
		requests int
		want     []string
	}{
		"in a line":        {good("a b") + "\n" + good("c")[:40], 1, []string{"0:1 error pattern /custom_id"}},
		"behind a line":    {good("a b") + "\n", 1, []string{"0:1 error pattern /custom_id"}},
		"in the first":     {good("a b")[:40], 0, []string{"-1:0 error batch-count batch"}},
		"at once":          {"", 0, []string{"-1:0 error batch-count batch"}},
		"in a later block": {strings.Repeat(good("a b")+"\n", 20_000) + good("c")[:40], 20_000, nil},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := preflight.CheckLines(io.MultiReader(strings.NewReader(tt.before), iotest.ErrReader(broken)), preflight.Options{})
			if !errors.Is(err, broken) {
				t.Errorf("got error %v", err)
			}
			if report.Requests != tt.requests {
				t.Errorf("%d requests, want %d", report.Requests, tt.requests)
			}
			if diff := cmp.Diff(tt.want, foundAt(report.Issues)); tt.want != nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDuplicatesAcrossBlocks checks that the issue names the first line with the id, however far away it is.
func TestDuplicatesAcrossBlocks(t *testing.T) {
	t.Parallel()
	in := io.MultiReader(strings.NewReader(good("x")+"\n"), generate(2000), strings.NewReader(good("x")), strings.NewReader("\n"+good("request-7")))
	report, err := preflight.CheckLines(in, preflight.Options{})
	if err != nil || len(report.Issues) != 2 {
		t.Fatal(report.Issues, err)
	}
	for i, want := range []string{"request 2001 (x) /custom_id: line 1 has the same custom id [duplicate-id]", "request 2002 (request-7) /custom_id: line 9 has the same custom id [duplicate-id]"} {
		if got := report.Issues[i].String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	values := make([]gen.BetaMessageBatchIndividualRequestParams, 300) // more than are checked at a time
	for i := range values {
		if err := values[i].UnmarshalJSON([]byte(good(fmt.Sprint(i % 299)))); err != nil {
			t.Fatal(err)
		}
	}
	issues := preflight.Check(values, preflight.Options{}).Issues
	if want := "request 299 (0) /custom_id: request 0 has the same custom id [duplicate-id]"; len(issues) != 1 || issues[0].String() != want {
		t.Errorf("got %v, want %s", issues, want)
	}
	if issues := preflight.Check(values, preflight.Options{Disable: []preflight.Rule{preflight.DuplicateID}}).Issues; len(issues) > 0 {
		t.Error(issues)
	}
}

// TestLimitsOfABatch counts requests and bytes at their limits. The lines stop being JSON at their first byte, so that
// the test is fast.
func TestLimitsOfABatch(t *testing.T) {
	t.Parallel()
	options := preflight.Options{Disable: []preflight.Rule{preflight.JSON}}
	for n, want := range map[int][]string{100_000: {}, 100_001: {"-1:0 error batch-count batch"}} {
		report, err := preflight.CheckLines(strings.NewReader(strings.Repeat("x\n", n)), options)
		if diff := cmp.Diff(want, foundAt(report.Issues)); err != nil || diff != "" || report.Requests != n {
			t.Error(report.Requests, err, diff)
		}
	}
	const bytes, length = 256_000_001, 4_000_000
	line := strings.Repeat("x", length-len(",")) + "\n"
	var lines []io.Reader
	for range 63 {
		lines = append(lines, strings.NewReader(line))
	}
	rest := bytes - 63*length - len(`{"requests":[]}`)
	report, err := preflight.CheckLines(io.MultiReader(append(lines, strings.NewReader(line[:rest]))...), options)
	if diff := cmp.Diff([]string{"-1:0 error batch-size batch"}, foundAt(report.Issues)); err != nil || diff != "" || report.Bytes != bytes || report.Requests != 64 {
		t.Error(report.Bytes, report.Requests, err, diff)
	}
	if got := foundAt(preflight.Check(nil, preflight.Options{}).Issues); len(got) != 1 || got[0] != "-1:0 error batch-count batch" {
		t.Error(got)
	}
}

// TestMemoryStaysFlat is not parallel, because the memory of other tests would count.
func TestMemoryStaysFlat(t *testing.T) {
	lines := generate(64 << 20 / 2500)
	live := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	reads, before, peak := 0, live(), uint64(0)
	lines.onRead = func() {
		if reads++; reads%8 == 0 { // every 8 MiB
			peak = max(peak, live())
		}
	}
	if _, err := preflight.CheckLines(lines, preflight.Options{}); err != nil {
		t.Fatal(err)
	}
	limit := uint64(16+2*runtime.GOMAXPROCS(0)) << 20
	if peak == 0 || peak > before+limit {
		t.Errorf("%d MiB are live, and before it were %d: at most %d more were expected", peak>>20, before>>20, limit>>20)
	}
	t.Logf("%.1f MiB more", float64(int64(peak)-int64(before))/(1<<20))
}
