package view

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	pictures "image"
	"image/color"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// object is a JSON object.
type object = map[string]any

// pixels is an image, as PNG in base64.
var pixels = sync.OnceValue(func() string {
	m := pictures.NewRGBA(pictures.Rect(0, 0, 120, 60))
	for x := range 120 {
		for y := range 60 {
			m.Set(x, y, color.RGBA{uint8(2 * x), uint8(4 * y), 160, 255})
		}
	}
	var b bytes.Buffer
	if png.Encode(&b, m) != nil {
		panic("PNG in memory")
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
})

// answerText is the text of a response, with most features of Markdown.
func answerText(i int) string {
	return fmt.Sprintf("## Rivers of question %d\n\nThe **longest** river has `%d km`, see [an atlas](https://example.com/atlas).\n\n- Scheldt\n- Meuse\n  - Semois\n\n| river | km |\n|---|---|\n| Scheldt | 350 |\n| Meuse | %d |\n\n```python\nprint(%d)\n```\n\n> All lengths are rounded.\n", i, i*7, 900+i, i)
}

// resultLine returns the result of request i. The other file has a different model, and some different texts and outcomes.
func resultLine(i int, other bool) string {
	id := fmt.Sprintf("question-%04d", i)
	var result object
	switch {
	case i%20 == 11:
		result = object{"type": "errored", "error": object{"type": "error", "request_id": "req_1", "error": object{"type": "invalid_request_error", "message": "messages.0.content: at least one block is required"}}}
	case i%20 == 17 && !other:
		result = object{"type": "expired"}
	default:
		result = object{"type": "succeeded", "message": message(i, other)}
	}
	return line(object{"custom_id": id, "result": result})
}

func message(i int, other bool) object {
	text, model, stop := answerText(i), "claude-opus-4-8", "end_turn"
	if other {
		model = "claude-haiku-4-5"
		if i%3 == 0 {
			text += "\nThe Rhine is longer."
		}
	}
	content := []object{{"type": "text", "text": text}}
	switch i % 5 {
	case 1:
		content = append([]object{{"type": "thinking", "thinking": "Which rivers does the atlas have?", "signature": "x"}}, content...)
	case 2:
		content = append(content, object{"type": "tool_use", "id": "toolu_1", "name": "get_length", "input": object{"river": "Meuse", "unit": "km"}})
		stop = "tool_use"
	case 3:
		content[0]["citations"] = []object{{"type": "page_location", "cited_text": "The Scheldt has 350 km.", "document_index": 0, "document_title": "Atlas of Rivers", "start_page_number": 3, "end_page_number": 4}}
	case 4:
		stop = "max_tokens"
	}
	return object{"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content, "stop_reason": stop,
		"usage": object{"input_tokens": 1000 + i, "output_tokens": 100 + 10*i, "cache_read_input_tokens": 500}}
}

// requestLine returns request i.
func requestLine(i int) string {
	question := []object{{"type": "text", "text": fmt.Sprintf("Question %d: how long are the rivers of Belgium?", i)}}
	if i%4 == 0 {
		question = append([]object{{"type": "image", "source": object{"type": "base64", "media_type": "image/png", "data": pixels()}}}, question...)
	}
	if i%4 == 1 {
		question = append([]object{{"type": "document", "title": "Atlas of Rivers", "source": object{"type": "text", "media_type": "text/plain", "data": "The Scheldt has 350 km."}}}, question...)
	}
	messages := []object{{"role": "user", "content": question}}
	if i%4 == 2 {
		messages = []object{{"role": "user", "content": "Hello"},
			{"role": "assistant", "content": []object{{"type": "text", "text": "Hello, I look that up."}, {"type": "tool_use", "id": "toolu_0", "name": "look_up", "input": object{"what": "rivers"}}}},
			{"role": "user", "content": append([]object{{"type": "tool_result", "tool_use_id": "toolu_0", "content": "3 rivers"}}, question...)}}
	}
	return line(object{"custom_id": fmt.Sprintf("question-%04d", i), "params": object{
		"model": "claude-opus-4-8", "max_tokens": 1024, "system": "You are a geographer.", "messages": messages,
		"tools": []object{{"name": "get_length", "description": "length of a river", "input_schema": object{"type": "object"}}},
	}})
}

func line(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		panic("JSON of strings and numbers")
	}
	return b.String()
}

// plainLine returns a line of results with a text.
func plainLine(id, text string) string {
	return line(object{"custom_id": id, "result": object{"type": "succeeded", "message": object{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-8",
		"content": []object{{"type": "text", "text": text}}, "stop_reason": "end_turn", "usage": object{"input_tokens": 10, "output_tokens": 20}}}})
}

// makeFiles writes n requests, their results and other results, and a damaged line.
func makeFiles(t testing.TB, n int) Paths {
	t.Helper()
	var results, requests, other strings.Builder
	for i := range n {
		results.WriteString(resultLine(i, false))
		requests.WriteString(requestLine(i))
		if i%20 != 5 {
			other.WriteString(resultLine(i, true))
		}
	}
	results.WriteString("{\"custom_id\":\"broken\",\"result\":{\"type\":\"succ\n")
	return Paths{
		Results:  makeFile(t, "results.jsonl", results.String()),
		Requests: makeFile(t, "requests.jsonl", requests.String()),
		Other:    makeFile(t, "other.jsonl", other.String()),
	}
}

func makeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openFiles(t testing.TB, p Paths) (*Files, Options) {
	t.Helper()
	o := Options{Paths: p, Table: price.Default(), Cache: t.TempDir()}
	f, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return f, o
}

// A site is a listening server.
type site struct {
	*Server
	origin string // http://127.0.0.1:port
	enter  string // the URL with the token
}

// serve serves files on a loopback port.
func serve(t testing.TB, p Paths) site {
	t.Helper()
	s := NewServer(openFiles(t, p))
	server := httptest.NewUnstartedServer(nil)
	_, s.guard.port, _ = net.SplitHostPort(server.Listener.Addr().String())
	server.Config.Handler = s.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return site{s, server.URL, server.URL + "/?token=" + s.guard.token}
}

// get calls the server in process, as the page does, and decodes its JSON.
func (s site) get(t testing.TB, path string, query url.Values, into any) int {
	t.Helper()
	w := s.call(t.Context(), "GET", path, query)
	if into != nil && w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
	}
	return w.Code
}

func (s site) call(ctx context.Context, method, path string, query url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path+"?"+query.Encode(), nil)
	r.Host = strings.TrimPrefix(s.origin, "http://")
	r.AddCookie(&http.Cookie{Name: s.guard.cookie(), Value: s.guard.token})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}
