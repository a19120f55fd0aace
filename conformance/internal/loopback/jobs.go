package loopback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A batch holds requests whose custom IDs count up: the number after the last hyphen, in base 36.
type batch struct {
	id       string
	prefix   string // of the custom IDs
	first    int64
	requests int
	created  time.Time
}

// Batches is a service whose batches end as soon as they are created, and whose requests all get the same message. It
// does not store requests.
type Batches struct {
	url string
	mu  sync.Mutex
	all []batch // newest first
}

// NewBatches returns a service that is reached at url.
func NewBatches(url string) *Batches { return &Batches{url: url} }

// ServeHTTP implements http.Handler.
func (s *Batches) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/v1/messages/batches"), "/")
	id, results := strings.CutSuffix(path, "/results")
	s.mu.Lock()
	all := s.all
	s.mu.Unlock()
	w.Header().Set("content-type", "application/json")
	switch {
	case r.Method == http.MethodPost:
		b, err := read(r.Body)
		if err != nil {
			panic(err)
		}
		s.mu.Lock()
		b.id, b.created = fmt.Sprintf("msgbatch_%06d", len(s.all)+1), time.Now()
		s.all = append([]batch{b}, s.all...)
		s.mu.Unlock()
		s.describe(w, b)
	case id == "":
		io.WriteString(w, `{"has_more":false,"first_id":null,"last_id":null,"data":[`)
		for i, b := range all {
			if i > 0 {
				io.WriteString(w, ",")
			}
			s.describe(w, b)
		}
		io.WriteString(w, `]}`)
	default:
		for _, b := range all {
			switch {
			case b.id != id:
			case results:
				w.Header().Set("content-type", "application/x-jsonl")
				b.results(w)
			default:
				s.describe(w, b)
			}
		}
	}
}

func (s *Batches) describe(w io.Writer, b batch) {
	at := b.created.UTC().Format(time.RFC3339Nano)
	fmt.Fprintf(w, `{"id":%q,"type":"message_batch","processing_status":"ended","request_counts":{"processing":0,"succeeded":%d,"errored":0,"canceled":0,"expired":0},`+
		`"created_at":%q,"expires_at":%q,"ended_at":%q,"archived_at":null,"cancel_initiated_at":null,"results_url":"%s/v1/messages/batches/%s/results"}`, b.id, b.requests, at, at, at, s.url, b.id)
}

// results writes a line of about 300 bytes for each request.
func (b batch) results(w io.Writer) {
	var buf []byte
	for i := range int64(b.requests) {
		buf = append(append(buf, `{"custom_id":"`...), b.prefix...)
		buf = strconv.AppendInt(buf, b.first+i, 36)
		buf = append(buf, `","result":{"type":"succeeded","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":"delivery"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":311,"output_tokens":4}}}}`...)
		if buf = append(buf, '\n'); len(buf) > 256<<10 {
			_, _ = w.Write(buf) // the client may have gone
			buf = buf[:0]
		}
	}
	_, _ = w.Write(buf)
}

// read reads a create, and keeps its first custom ID and the number of requests.
func read(body io.Reader) (b batch, err error) {
	mark := []byte(`"custom_id":`)
	buf, n := make([]byte, 1<<20), 0
	for err == nil {
		var more int
		more, err = body.Read(buf[n:])
		text := buf[:n+more]
		if b.requests == 0 {
			if i := bytes.Index(text, mark); i >= 0 && len(text) > i+100 {
				var id string
				if err := json.NewDecoder(bytes.NewReader(text[i+len(mark):])).Decode(&id); err != nil {
					return b, err
				}
				at := strings.LastIndexByte(id, '-') + 1
				b.prefix = id[:at]
				if b.first, err = strconv.ParseInt(id[at:], 36, 64); err != nil {
					return b, err
				}
			} else {
				n = len(text)
				continue
			}
		}
		b.requests += bytes.Count(text, mark)
		n = copy(buf, text[max(0, len(text)-len(mark)+1):])
	}
	if err == io.EOF {
		err = nil
	}
	return b, err
}
