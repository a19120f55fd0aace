package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestReadRequests(t *testing.T) {
	t.Parallel()
	const a, b = `{"custom_id":"a","params":{"max_tokens":5}}`, `{"custom_id":"b","params":{"max_tokens":6}}`
	malformed, invalidID := bulk.ErrMalformed.Error(), bulk.ErrInvalidID.Error()
	for name, tt := range map[string]struct {
		file string
		want []string // id and max_tokens of each request
		left []string // line, id and kind of each omitted line
	}{
		"good/none":            {"", nil, nil},
		"good/blank lines":     {"\ufeff\r\n" + a + "\r\n\n \t" + b, []string{"a 5", "b 6"}, nil},
		"good/duplicate":       {a + "\n" + a, []string{"a 5", "a 5"}, nil},
		"good/empty params":    {`{"custom_id":"a","params":{}}`, []string{"a 0"}, nil},
		"case/another id":      {`{"Custom_id":"z","custom_id":"a","Params":null,"params":{"Max_tokens":7}}`, []string{"a 0"}, nil},
		"bad/not JSON":         {"hello\n" + a, []string{"a 5"}, []string{"1 : " + malformed}},
		"bad/cut":              {a + "\n\n" + b[:30], []string{"a 5"}, []string{"3 b: " + malformed}},
		"bad/invalid UTF-8":    {`{"custom_id":"a","params":{"model":"` + "\xff" + `"}}`, nil, []string{"1 a: " + malformed}},
		"bad/type":             {`{"custom_id":"a","params":{"max_tokens":"5"}}` + "\n" + b, []string{"b 6"}, []string{"1 a: " + malformed}},
		"bad/list":             {"[" + a + "]", nil, []string{"1 : " + malformed}},
		"bad/no params":        {`{"custom_id":"a","params":null}`, nil, []string{"1 a: " + malformed}},
		"bad/no id":            {`{"params":{}}`, nil, []string{"1 : " + invalidID}},
		"bad/invalid id":       {`{"custom_id":"a b","params":{}}`, nil, []string{"1 a b: " + invalidID}},
		"bad/several, between": {"1\n" + a + "\n\n{\n" + b + "\n", []string{"a 5", "b 6"}, []string{"1 : " + malformed, "4 : " + malformed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.file), iotest.OneByteReader(strings.NewReader(tt.file))} {
				requests, err := collect(t, bulk.ReadRequests(r))
				var got []string
				for _, r := range requests {
					got = append(got, fmt.Sprint(r.CustomID, " ", r.Params.MaxTokens))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.left, leftOut(t, err)); diff != "" {
					t.Error(diff)
				}
			}
			leaveEarly(func(yield func(client.Request, error) bool) { bulk.ReadRequests(strings.NewReader(tt.file))(yield) })
		})
	}
}

// leftOut returns the line, id and kind of each omitted line in an error.
func leftOut(t *testing.T, err error) (all []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	left, ok := errors.AsType[*bulk.LeftOutError](err)
	if !ok || left.Count < len(left.First) || left.Err != nil {
		t.Fatalf("got %v", err)
	}
	for _, r := range left.First {
		all = append(all, fmt.Sprint(r.Line, " ", r.CustomID, ": ", kindOf(r)))
		if !errors.Is(err, kindOf(r)) {
			t.Errorf("the kind of %v is not found in %v", r, err)
		}
	}
	return all
}

// Written requests are read back, and properties that the contract does not know survive if there is a place for them.
func TestReadRequestsKeepsEverything(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	var want []client.Request
	for i := range 20 {
		r := request(fmt.Sprint("r", i), strings.Repeat("\"\u2028ü\n", i))
		r.Params.Tools = []client.ToolUnion{&client.Tool{Name: "t", InputSchema: []byte(`{"type":"object"}`)}}
		want = append(want, r)
		file.Write(append(encode(t, r), '\n'))
	}
	got, err := collect(t, bulk.ReadRequests(&file))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	const line = `{"custom_id":"a","params":{"max_tokens":1,"messages":[],"model":"m","new":{"b":[1.50]}},"other":"x"}`
	requests, err := collect(t, bulk.ReadRequests(strings.NewReader(line)))
	if err != nil || len(requests) != 1 {
		t.Fatalf("got %v, %v", requests, err)
	}
	if r := requests[0]; string(r.Extra["other"]) != `"x"` || string(r.Params.Extra["new"]) != `{"b":[1.50]}` || string(encode(t, r)) != line {
		t.Errorf("got %+v, %s", r, encode(t, r))
	}
	const deep = `{"custom_id":"a","params":{"max_tokens":1,"messages":[{"role":"user","content":"x","new":1}],"model":"m"}}`
	requests, err = collect(t, bulk.ReadRequests(strings.NewReader(deep+"\n"+line)))
	if len(requests) != 1 || !errors.Is(err, bulk.ErrMalformed) || !strings.Contains(err.Error(), "decode JSON at /params/messages/0/new: unknown property") {
		t.Errorf("got %v, %v", requests, err)
	}
}

func TestReadRequestsErrors(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk on fire")
	const a = `{"custom_id":"a","params":{}}` + "\n"
	requests, err := collect(t, bulk.ReadRequests(io.MultiReader(strings.NewReader(a+a[:9]), iotest.ErrReader(failure))))
	if len(requests) != 1 || !errors.Is(err, failure) || err.Error() != "line 2: disk on fire" {
		t.Errorf("got %v, %v", requests, err)
	}
	requests, err = collect(t, bulk.ReadRequests(io.MultiReader(strings.NewReader("{\n"+a), iotest.ErrReader(failure))))
	left, ok := errors.AsType[*bulk.LeftOutError](err)
	if len(requests) != 1 || !ok || left.Count != 1 || !errors.Is(err, failure) || !errors.Is(err, bulk.ErrMalformed) {
		t.Errorf("got %v, %v", requests, err)
	}
	if want := "requests omitted: 1 (line 1: malformed request: not one whole JSON object, at byte 1: unexpected EOF); line 3: disk on fire"; err.Error() != want {
		t.Errorf("got %v", err)
	}
	_, err = collect(t, bulk.ReadRequests(strings.NewReader(`{"custom_id":"a","params":{"max_tokens":"secret"}}`+strings.Repeat("\nsecret", 30))))
	left, ok = errors.AsType[*bulk.LeftOutError](err)
	if !ok || left.Count != 31 || len(left.First) != 10 || left.First[9].Line != 10 || left.First[9].Index != 9 || strings.Contains(err.Error(), "secret") || !strings.HasSuffix(err.Error(), "; and 21 more)") {
		t.Errorf("got %v", err)
	}
	if _, ok := errors.AsType[*gen.DecodeError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// FuzzReadRequests reads arbitrary input: each line that is not blank is a request or omitted, and a request that is
// written and read again is the same.
func FuzzReadRequests(f *testing.F) {
	f.Add([]byte(`{"custom_id":"a","params":{"messages":[{"role":"user","content":"x"}],"new":1},"other":[]}` + "\n\r\n{"))
	f.Fuzz(func(t *testing.T, file []byte) {
		want := 0
		for line := range bytes.Lines(bytes.TrimPrefix(file, []byte("\ufeff"))) {
			if len(bytes.Trim(line, " \t\r\n")) > 0 {
				want++
			}
		}
		requests, err := collect(t, bulk.ReadRequests(bytes.NewReader(file)))
		n := len(requests)
		if left, ok := errors.AsType[*bulk.LeftOutError](err); ok {
			n += left.Count
		} else if err != nil {
			t.Fatal(err)
		}
		if n != want {
			t.Fatalf("%d of %d lines", n, want)
		}
		for _, r := range requests {
			line, err := r.AppendJSON(nil)
			if err != nil {
				continue // absent values have no JSON
			}
			again, err := collect(t, bulk.ReadRequests(bytes.NewReader(line)))
			if err != nil || len(again) != 1 {
				t.Fatalf("%s: got %v, %v", line, again, err)
			}
			if twice := encode(t, again[0]); !bytes.Equal(line, twice) {
				t.Fatalf("got %s, and then %s", line, twice)
			}
		}
	})
}
