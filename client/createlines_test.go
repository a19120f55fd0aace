package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// keepBodies keeps the bodies of the next create calls and lets the last one of them through.
func keepBodies(s *batchtest.Service, calls int) *[]string {
	var bodies []string
	s.Inject(batchtest.Create, batchtest.Times(calls, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		if r.ContentLength != int64(len(body)) {
			panic("the announced length is not that of the body")
		}
		if bodies = append(bodies, string(body)); len(bodies) < calls {
			next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				batchtest.Fail(529, "overloaded_error", "Busy.")(w, r, nil)
			})
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})...)
	return &bodies
}

// TestCreateLinesSendsTheLines sends lines in several forms: the body holds them unchanged, and has the length in the
// header.
func TestCreateLinesSendsTheLines(t *testing.T) {
	t.Parallel()
	const a, b = `{"custom_id":"a","params":{"model":"m",  "n":1.0}}`, `{"params":{},"custom_id":"\u0062","newer":[1]}`
	const want = `{"requests":[` + a + `,` + b + `]}`
	for name, lines := range map[string]string{
		"plain":           a + "\n" + b + "\n",
		"no last break":   a + "\n" + b,
		"blank lines":     "\n" + a + "\n\n \t\r\n" + b + "\n\n",
		"windows":         "\ufeff" + a + "\r\n" + b + "\r\n",
		"white space":     "  " + a + "\t \n\t" + b + " ",
		"half-way behind": "SKIP" + a + "\n" + b,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			sent := keepBodies(s, 2) // so that the lines are read again
			from := strings.NewReader(lines)
			if strings.HasPrefix(lines, "SKIP") {
				from.Seek(4, io.SeekStart)
			}
			batch, err := s.Client(quick).CreateLines(t.Context(), from)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{want, want}, *sent); diff != "" {
				t.Error(diff)
			}
			if r := s.Requests(batch.ID); len(r) != 2 || r[1].CustomID != "b" {
				t.Errorf("the service has %+v", r)
			}
		})
	}
}

// TestCreateLinesSendsTheBodyOfCreate compares the bodies: long requests, short ones, and all of them together longer than
// the part that is encoded at a time.
func TestCreateLinesSendsTheBodyOfCreate(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	sent := keepBodies(s, 2)
	c := s.Client(once)
	list := requests(3000)
	list[7].Params.Messages[0] = client.UserText(strings.Repeat("long \"text\"\n", 30_000))
	if _, err := c.Create(t.Context(), list); !errors.Is(err, client.ErrOverloaded) {
		t.Fatal(err)
	}
	if _, err := c.CreateLines(t.Context(), strings.NewReader(jsonLines(t, list))); err != nil {
		t.Fatal(err)
	}
	if len(*sent) != 2 || (*sent)[0] != (*sent)[1] {
		t.Error("the bodies differ")
	}
}

func TestCreateLinesRefusesMalformedLines(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client()
	const good = `{"custom_id":"a","params":{}}` + "\n"
	many := strings.Repeat(good+"x\n", 20)
	for name, tt := range map[string]struct {
		from io.ReadSeeker
		want string
	}{
		"nil":            {nil, "the reader is nil"},
		"nothing":        {strings.NewReader(""), "1 to 100000 requests, and there are none"},
		"blank":          {strings.NewReader("\n \n"), "1 to 100000 requests, and there are none"},
		"too many":       {strings.NewReader(distinctLines(100_001)), "and there are more: split it"},
		"too large":      {&long{at: 0, line: `{"custom_id":"a","params":{"x":"`, size: 256_000_001}, "line 1: longer than a batch may be"},
		"not JSON":       {strings.NewReader(good + "{\"custom_id\":\"b\",\"params\":{\n"), "line 2: not one whole JSON object, at byte "},
		"pretty":         {strings.NewReader("{\n  \"custom_id\": \"b\"\n}"), "line 1: not one whole JSON object, at byte "},
		"two on a line":  {strings.NewReader(strings.TrimSpace(good) + good), "line 1: not one whole JSON object: unexpected data after the value"},
		"a list":         {strings.NewReader("[]"), "line 1: a line must be one object with custom_id and params"},
		"null":           {strings.NewReader("null"), "line 1: a line must be one object with custom_id and params"},
		"whole body":     {strings.NewReader(`{"requests":[` + strings.TrimSpace(good) + `]}`), "line 1: a line must be one object with custom_id and params"},
		"no params":      {strings.NewReader("\n\n" + `{"custom_id":"a"}`), "line 3: a line must be one object with custom_id and params"},
		"params a list":  {strings.NewReader(`{"custom_id":"a","params":[]}`), "line 1: a line must be one object with custom_id and params"},
		"no id":          {strings.NewReader(`{"params":{}}`), "line 1: custom_id: it is missing"},
		"malformed id":   {strings.NewReader(`{"custom_id":"a b","params":{}}`), "line 1: custom_id: it must be"},
		"id a number":    {strings.NewReader(`{"custom_id":7,"params":{}}`), "line 1: custom_id: it is missing, or not a string"},
		"same id":        {strings.NewReader(good + "\n" + good), "line 3: custom_id: duplicate of line 1"},
		"many mistakes":  {strings.NewReader(many), "and perhaps more"},
		"reading fails":  {failing{strings.NewReader(good + good)}, "the disk is gone"},
		"seeking fails":  {unseekable{strings.NewReader(good), io.SeekStart}, "cannot seek"},
		"no place known": {unseekable{strings.NewReader(good), io.SeekCurrent}, "cannot seek"},
	} {
		_, err := c.CreateLines(t.Context(), tt.from)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "create batch: ") {
			t.Errorf("%s: got %.300v, want an error with %q", name, err, tt.want)
		}
	}
	for line, want := range map[string]string{
		good: "",
		`{"custom_id":"a b", "params":{"a":1,"a":2}}`:       "", // custom IDs are not checked
		`{"custom_id":"a","params":{`:                       "not one whole JSON object, at byte ",
		"{\"custom_id\":\"a\",\"params\":{\"x\":\"\xff\"}}": "not one whole JSON object, at byte ",
		"[]":              "a line must be one object with custom_id and params",
		`{"params":null}`: "a line must be one object with custom_id and params",
	} {
		if err := client.CheckLine([]byte(line)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CheckLine(%q): got %v, want %q", line, err, want)
		}
	}
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
}

var letters = bytes.Repeat([]byte("x"), 64<<10)

// long is one long line.
type long struct {
	at, size int64
	line     string
}

func (l *long) Read(p []byte) (n int, err error) {
	if l.at == l.size {
		return 0, io.EOF
	}
	if l.at < int64(len(l.line)) {
		n = copy(p, l.line[l.at:])
	} else {
		n = copy(p[:min(int64(len(p)), l.size-l.at)], letters)
	}
	l.at += int64(n)
	return n, nil
}

func (l *long) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		l.at = offset
	}
	return l.at, nil
}

type failing struct{ *strings.Reader }

func (f failing) Read(p []byte) (int, error) {
	if n, err := f.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, errors.New("the disk is gone")
}

type unseekable struct {
	*strings.Reader
	whence int
}

func (u unseekable) Seek(offset int64, whence int) (int64, error) {
	if whence == u.whence {
		return 0, errors.New("cannot seek")
	}
	return u.Reader.Seek(offset, whence)
}

// changing returns other lines each time it is read from the start.
type changing struct {
	*strings.Reader
	next []string
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart && len(c.next) > 0 {
		c.Reset(c.next[0])
		c.next = c.next[1:]
	}
	return c.Reader.Seek(offset, whence)
}

// TestCreateLinesWhenLinesChange changes the lines after the check and before they are sent: there is no batch, and that is
// certain.
func TestCreateLinesWhenLinesChange(t *testing.T) {
	t.Parallel()
	const one, two = `{"custom_id":"a","params":{"n":1}}` + "\n", `{"custom_id":"b","params":{}}` + "\n"
	for name, changed := range map[string]string{
		"same length": strings.Replace(one, "1", "2", 1) + two,
		"shorter":     strings.Replace(one, "1", "", 1) + two,
		"longer":      strings.Replace(one, "1", "11", 1) + two,
		"much longer": one + two + distinctLines(5000),
		"empty":       "",
		"a line less": one,
		"no break":    strings.TrimSpace(one) + strings.TrimSpace(two),
	} {
		for transport, start := range map[string]func(*testing.T, *batchtest.Service) *client.Client{
			"in process": func(t *testing.T, s *batchtest.Service) *client.Client { return s.Client(quick) },
			"socket": func(t *testing.T, s *batchtest.Service) *client.Client {
				stop, err := s.Listen("127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { stop() })
				return socketClient(t, s.URL(), quick, client.WithAPIKey(s.Key()))
			},
		} {
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				s := batchtest.New(t)
				c := start(t, s)
				_, err := c.CreateLines(t.Context(), &changing{strings.NewReader(one + two), []string{one + two, changed}})
				if err == nil || !strings.Contains(err.Error(), "have changed since they were checked") || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v", err)
				}
				if n := len(s.Batches()); n != 0 {
					t.Errorf("the service has %d batches", n)
				}
				if n := len(s.Calls(batchtest.Create)); n > 1 {
					t.Errorf("it was sent %d times", n)
				}
			})
		}
	}
}

// TestCreateLinesWhenLinesEndEarly replaces lines of more than 64 KB by others that make a whole body at the announced
// length: the end must not be sent.
func TestCreateLinesWhenLinesEndEarly(t *testing.T) {
	t.Parallel()
	long := func(id string, size int) string {
		line := `{"custom_id":"` + id + `","params":{"n":""}}`
		return strings.Replace(line, `"n":"`, `"n":"`+strings.Repeat("x", size-len(line)), 1)
	}
	const kb = 1 << 10
	first := long("first", 100*kb) + "\n"
	for name, lines := range map[string][2]string{
		// As long as the checked lines, up to "]}", and then more.
		"one line":           {long("a", 100*kb), long("b", 100*kb) + "]}" + "more"},
		"one line, broken":   {long("a", 100*kb), long("b", 100*kb) + "]}" + "\n" + long("c", 100*kb)},
		"second line":        {first + long("a", 100*kb), first + long("b", 100*kb) + "]}" + "more"},
		"second line, short": {first + long("a", kb), first + long("b", kb) + "]}" + "more"},
		"another last one":   {first + long("a", 100*kb), first + long("b", 100*kb)},
		"two for one":        {first + long("a", 100*kb), first + long("b", 50*kb) + "\n" + long("c", 50*kb-1)},
		"one for two":        {first + long("a", 50*kb) + "\n" + long("b", 50*kb), first + long("c", 100*kb+1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, secure := range []bool{false, true} {
				s := batchtest.New(t)
				listen, h := s.Listen, &http.Client{Transport: &http.Transport{}}
				if secure {
					listen, h = s.ListenTLS, s.TLSClient()
				}
				if _, err := listen("127.0.0.1:0"); err != nil {
					t.Fatal(err)
				}
				_, err := s.Client(quick, client.WithHTTPClient(h)).CreateLines(t.Context(), &changing{strings.NewReader(lines[0]), []string{lines[0], lines[1]}})
				h.CloseIdleConnections()
				if err == nil || !strings.Contains(err.Error(), "have changed since they were checked") || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v", err)
				}
				for _, call := range s.Calls(batchtest.Create) {
					if call.BodyWhole {
						t.Error("the service has a whole body")
					}
				}
				if n := len(s.Batches()); n != 0 {
					t.Errorf("the service has %d batches", n)
				}
			}
		})
	}
}

func TestCreateLinesWithALostResponse(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Create, batchtest.DropAfter())
		_, err := c.CreateLines(t.Context(), strings.NewReader(distinctLines(3)))
		var uncertain *client.UncertainError
		if !errors.As(err, &uncertain) || uncertain.Attempt.Requests != 3 || len(s.Calls(batchtest.Create)) != 1 {
			t.Fatalf("got %v after %d calls", err, len(s.Calls(batchtest.Create)))
		}
		found, err := uncertain.Candidates(t.Context())
		if err != nil || len(found.Batches) != 1 || found.Batches[0].ID != s.Batches()[0].ID {
			t.Errorf("got %+v, %v", found, err)
		}
	})
}

func TestCreateLinesWithPreflight(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	var got []byte
	refused := errors.New("refused")
	c := s.Client(client.WithPreflight(checker{lines: func(r io.Reader) error {
		got, _ = io.ReadAll(r)
		return refused
	}}))
	const line = `{"custom_id":"a","params":{"model":"m","max_tokens":"7"}}`
	before := strings.NewReader("before\n" + line)
	before.Seek(7, io.SeekStart)
	if _, err := c.CreateLines(t.Context(), before); err != refused || string(got) != line {
		t.Errorf("got %v, and the check %q", err, got)
	}
	if len(s.Calls("")) != 0 {
		t.Error("something was sent")
	}
}

// FuzzCreateLines sends arbitrary input as lines: if it is sent, the service accepts it, and has the requests in the lines.
func FuzzCreateLines(f *testing.F) {
	f.Add([]byte(distinctLines(3)))
	f.Add([]byte("\ufeff\r\n" + `{"custom_id":"a","params":{"x":"\ud800"}}`))
	f.Add([]byte(`{"custom_id":"a","params":{"a":1,"a":2}}` + "\n" + `{"custom_id":"b","custom_id":"c","params":null,"params":{}}`))
	f.Add([]byte("{\"custom_id\":\"a\",\"params\":{\"x\":\"\xff\"}}"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		s := batchtest.New(t)
		batch, err := s.Client().CreateLines(t.Context(), bytes.NewReader(lines))
		if err != nil {
			if len(s.Calls("")) != 0 {
				t.Fatalf("%q was sent: %v", lines, err)
			}
			return
		}
		got := s.Requests(batch.ID)
		i := 0
		for line := range bytes.Lines(bytes.TrimPrefix(lines, []byte("\ufeff"))) {
			if line = bytes.Trim(line, " \t\r\n"); len(line) == 0 {
				continue
			}
			if err := client.CheckLine(line); err != nil {
				t.Fatalf("%q was sent: %v", line, err)
			}
			var want client.Request
			if err := want.UnmarshalJSON(line); i >= len(got) || got[i].CustomID != want.CustomID {
				t.Fatalf("%q: request %d is not %q (%v)", lines, i, want.CustomID, err)
			}
			i++
		}
		if i != len(got) {
			t.Fatalf("%q: %d requests came", lines, len(got))
		}
	})
}
