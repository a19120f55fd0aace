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
)

const succeeded = `{"custom_id":"%s","result":{"type":"succeeded","message":{"type":"message","model":"claude-opus-5","content":[{"type":"text","text":"%s"}]}}}`

func TestReadItems(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(succeeded, "a", "Hi")
	for name, tt := range map[string]struct {
		file string
		want []string // id and text of each item, and "line, id" of its fault
		cut  bool     // the last error reports a truncated line
	}{
		"good/none":              {"", nil, false},
		"good/one":               {good + "\n", []string{"a Hi"}, false},
		"good/no line break":     {good, []string{"a Hi"}, false},
		"good/mark, CRLF, blank": {"\ufeff\r\n" + good + "\r\n\n " + good + "\r\n", []string{"a Hi", "a Hi"}, false},
		"good/surrogate":         {fmt.Sprintf(succeeded, "a", `\ud83d`), []string{"a \ufffd"}, false},
		"good/invalid UTF-8":     {fmt.Sprintf(succeeded, "a", "\xff"), []string{"a \ufffd"}, false},
		"good/unknown type":      {`{"custom_id":"a","result":{"type":"postponed"}}`, []string{"a "}, false},
		"good/other case too":    {strings.Replace(good, `{"custom_id"`, `{"Custom_ID":"z","Result":5,"custom_id"`, 1), []string{"a Hi"}, false},
		"odd/field":              {strings.Replace(good, `"model":"claude-opus-5"`, `"model":5`, 1), []string{"a Hi, 1 a"}, false},
		"bad/other case":         {strings.Replace(good, `{"custom_id"`, `{"Custom_Id"`, 1), []string{" Hi, 1 "}, false},
		"bad/not JSON":           {"{\n" + good, []string{" , 1 ", "a Hi"}, false},
		"bad/cut":                {good + "\n" + good[:60], []string{"a Hi", "a , 2 a"}, true},
		"bad/cut, then a break":  {good + "\n" + good[:60] + "\n", []string{"a Hi", "a , 2 a"}, false},
		"bad/not JSON, no break": {good + "\nhello", []string{"a Hi", " , 2 "}, false},
		"bad/null":               {"null", []string{" , 1 "}, false},
		"bad/empty id":           {`{"custom_id":"","result":{"type":"expired"}}`, []string{" , 1 "}, false},
		"bad/no id":              {`{"result":{"type":"expired"}}`, []string{" , 1 "}, false},
		"bad/no result":          {"\n" + `{"custom_id":"a"}` + "\n" + `{"custom_id":"b","result":null}`, []string{"a , 2 a", "b , 3 b"}, false},
		"bad/error of the API":   {`{"type":"error","error":{"type":"api_error","message":"x"}}`, []string{" , 1 "}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.file), iotest.OneByteReader(strings.NewReader(tt.file))} {
				var got []string
				items, err := collect(t, bulk.ReadItems(r))
				for _, item := range items {
					text := item.CustomID + " " + item.Text()
					if bad := item.Malformed; bad != nil {
						text += fmt.Sprint(", ", bad.Line, " ", bad.CustomID)
						if len(item.Raw) == 0 || item.Err() != bad {
							t.Errorf("got %+v", item)
						}
					}
					got = append(got, text)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if tt.cut != errors.Is(err, io.ErrUnexpectedEOF) || !tt.cut && err != nil {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestReadItemsReadError(t *testing.T) {
	t.Parallel()
	line := fmt.Sprintf(succeeded, "a", "Hi") + "\n"
	failure := errors.New("disk on fire")
	results, err := collect(t, bulk.ReadItems(io.MultiReader(strings.NewReader(line+line[:len(line)-1]), iotest.ErrReader(failure))))
	if len(results) != 1 || results[0].Text() != "Hi" || !errors.Is(err, failure) || err.Error() != "stored results, line 2: disk on fire" {
		t.Errorf("got %v, %v", results, err)
	}
	for range bulk.ReadItems(strings.NewReader(line + line[:50])) {
		break
	}
}

// TestReadItemsStored stores the items of Results and reads them again.
func TestReadItemsStored(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	service.Answer("r1", batchtest.Errored(&client.OverloadedError{Message: "Overloaded."}))
	service.Answer("r2", batchtest.Raw(`{"type":"postponed","until":{"b":1,"a":2}}`))
	c := service.Client()
	var requests []client.Request
	for i := range 20 {
		requests = append(requests, request(fmt.Sprint("r", i), "Hi"))
	}
	batch, err := c.Create(t.Context(), requests)
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
	got, err := collect(t, bulk.ReadItems(&file))
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 20 || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// FuzzReadItems reads arbitrary input: each line that is not blank is an item, and an item that is written and read again
// is the same.
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
		items, err := collect(t, bulk.ReadItems(bytes.NewReader(file)))
		if len(items) != want || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("got %d items of %d lines, %v", len(items), want, err)
		}
		for _, item := range items {
			if bad := item.Malformed; len(item.Raw) == 0 || bad == nil && (item.CustomID == "" || item.Result == nil) || bad != nil && (bad.Line < 1 || bad.CustomID != item.CustomID) {
				t.Fatalf("got %+v", item)
			}
			again, _ := collect(t, bulk.ReadItems(bytes.NewReader(append(item.Raw, '\n'))))
			if len(again) != 1 || (again[0].Malformed == nil) != (item.Malformed == nil) {
				t.Fatalf("got %+v, and then %+v", item, again)
			}
			item.Malformed, again[0].Malformed = nil, nil // they differ in the line number
			if diff := cmp.Diff(item, again[0]); diff != "" {
				t.Fatal(diff)
			}
			totals.Add(item)
			(bulk.Policy{}).Again(item)
		}
		totals.Cost(bulk.Prices{})
	})
}
