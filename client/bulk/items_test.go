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
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

const succeeded = `{"custom_id":"%s","result":{"type":"succeeded","message":{"type":"message","model":"claude-opus-5","content":[{"type":"text","text":"%s"}]}}}`

func TestReadItems(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(succeeded, "a", "Hi")
	for name, tt := range map[string]struct {
		file string
		want []string // id and text of each item, or line and id of each error, or both
	}{
		"good/none":              {"", nil},
		"good/one":               {good + "\n", []string{"a Hi"}},
		"good/no line break":     {good, []string{"a Hi"}},
		"good/mark, CRLF, blank": {"\ufeff\r\n" + good + "\r\n\n " + good + "\r\n", []string{"a Hi", "a Hi"}},
		"good/surrogate":         {fmt.Sprintf(succeeded, "a", `\ud83d`), []string{"a \ufffd"}},
		"good/invalid UTF-8":     {fmt.Sprintf(succeeded, "a", "\xff"), []string{"a \ufffd"}},
		"good/unknown type":      {`{"custom_id":"a","result":{"type":"postponed"}}`, []string{"a "}},
		"odd/field":              {strings.Replace(good, `"model":"claude-opus-5"`, `"model":5`, 1), []string{"a Hi, 1 a"}},
		"bad/no JSON":            {"{\n" + good, []string{"1 ", "a Hi"}},
		"bad/cut":                {good + "\n" + good[:60], []string{"a Hi", "2 a"}},
		"bad/null":               {"null", []string{"1 "}},
		"bad/empty id":           {`{"custom_id":"","result":{"type":"expired"}}`, []string{"1 "}},
		"bad/no id":              {`{"result":{"type":"expired"}}`, []string{"1 "}},
		"bad/no result":          {"\n" + `{"custom_id":"a"}` + "\n" + `{"custom_id":"b","result":null}`, []string{"2 a", "3 b"}},
		"bad/error of the API":   {`{"type":"error","error":{"type":"api_error","message":"x"}}`, []string{"1 "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.file), iotest.OneByteReader(strings.NewReader(tt.file))} {
				var got []string
				for item, err := range bulk.ReadItems(r) {
					var parts []string
					if item != nil {
						parts = append(parts, item.CustomID+" "+item.Text())
					}
					var bad *client.LineError
					if errors.As(err, &bad) && len(bad.Raw) > 0 {
						parts = append(parts, fmt.Sprint(bad.Line, " ", bad.CustomID))
					} else if err != nil {
						t.Errorf("got %v", err)
					}
					got = append(got, strings.Join(parts, ", "))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestReadItemsReadError(t *testing.T) {
	t.Parallel()
	line := fmt.Sprintf(succeeded, "a", "Hi") + "\n"
	failure := errors.New("disk on fire")
	results, errs := take(bulk.ReadItems(io.MultiReader(strings.NewReader(line+line[:len(line)-1]), iotest.ErrReader(failure))), -1)
	if len(errs) != 2 || errs[0] != nil || results[0] == nil || results[1] != nil || !errors.Is(errs[1], failure) || errors.As(errs[1], new(*client.LineError)) {
		t.Errorf("got %v, %v", results, errs)
	}
	if _, errs := take(bulk.ReadItems(strings.NewReader(line+line)), 1); len(errs) != 1 {
		t.Errorf("got %v", errs)
	}
}

// TestReadItemsStored stores what Results gives and reads it again.
func TestReadItemsStored(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	service.Answer("r1", batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."}))
	service.Answer("r2", batchtest.Raw(`{"type":"postponed","until":{"b":1,"a":2}}`))
	c := fakeClient(service)
	var requests []client.Request
	for i := range 20 {
		requests = append(requests, request(fmt.Sprint("r", i), "Hi"))
	}
	batch, err := c.Create(t.Context(), client.BatchParams{Requests: requests})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	var want []*client.Item
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, item)
		file.Write(append(item.Raw, '\n'))
	}
	got, errs := take(bulk.ReadItems(&file), -1)
	if diff := cmp.Diff(want, got); diff != "" || len(errs) != 20 || errors.Join(errs...) != nil {
		t.Errorf("%v\n%s", errs, diff)
	}
}

// FuzzReadItems reads anything: each line that is not blank is an item or an error, and an item that is written and read
// again is the same.
func FuzzReadItems(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(succeeded, "a", "Hi") + "\n\r\n" + `{"custom_id":"b","result":{"type":"expired"}}`))
	f.Add([]byte("\ufeff" + `{"custom_id":"b","result":{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":5}}}}` + "\n{"))
	f.Fuzz(func(t *testing.T, file []byte) {
		want := 0
		for line := range bytes.Lines(bytes.TrimPrefix(file, []byte("\ufeff"))) {
			if len(bytes.Trim(line, " \t\r\n")) > 0 {
				want++
			}
		}
		var totals bulk.Totals
		for item, err := range bulk.ReadItems(bytes.NewReader(file)) {
			want--
			var bad *client.LineError
			if err != nil && (!errors.As(err, &bad) || bad.Line < 1 || len(bad.Raw) == 0) {
				t.Fatalf("got %v", err)
			}
			if item == nil {
				if err == nil {
					t.Fatal("neither item nor error")
				}
				continue
			}
			if item.CustomID == "" || item.Result == nil || err != nil && bad.CustomID != item.CustomID {
				t.Fatalf("got %+v, %v", item, err)
			}
			again, errs := take(bulk.ReadItems(bytes.NewReader(item.Raw)), -1)
			if diff := cmp.Diff([]*client.Item{item}, again); diff != "" || (errs[0] == nil) != (err == nil) {
				t.Fatalf("%v, and then %v\n%s", err, errs, diff)
			}
			totals.Add(item)
			(bulk.Policy{}).Again(item)
		}
		if want != 0 {
			t.Fatalf("%d lines are missing", want)
		}
		totals.Cost(bulk.Prices{})
	})
}
