package view

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/view/index"
)

//go:embed assets
var assets embed.FS

// A Server serves the page. Create one with [NewServer].
type Server struct {
	options Options
	guard   guard

	mu      sync.Mutex
	files   *Files
	chosen  []chosen // the latest selections of files
	reading sync.Mutex
}

type chosen struct {
	key string
	*selection
}

// NewServer returns a server of open files.
func NewServer(files *Files, o Options) *Server {
	return &Server{files: files, options: o, guard: guard{token: newToken(), hosts: []string{"localhost"}}}
}

// Serve serves on a listener until ctx ends. It calls ready with the URL to open, which contains a token.
func (s *Server) Serve(ctx context.Context, l net.Listener, name string, ready func(url string) error) error {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	s.guard.port = port
	if own, err := os.Hostname(); err == nil {
		s.guard.hosts = append(s.guard.hosts, own)
	}
	if name != "" && name != "localhost" && net.ParseIP(name) == nil {
		s.guard.hosts = append(s.guard.hosts, name)
		host = name
	} else if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return err
		}
	}
	server := &http.Server{
		Handler: s.Handler(), BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/", RawQuery: "token=" + s.guard.token}
	if err := ready(u.String()); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// Handler returns the handler of all requests.
func (s *Server) Handler() http.Handler {
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // it is embedded, so this cannot happen
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
	mux.HandleFunc("GET /api/info", respond(s.info))
	mux.HandleFunc("GET /api/rows", respond(s.rows))
	mux.HandleFunc("GET /api/row", respond(s.row))
	mux.HandleFunc("GET /api/find", respond(s.find))
	mux.HandleFunc("GET /api/search", s.search)
	mux.HandleFunc("GET /api/export", s.export)
	mux.HandleFunc("GET /api/line", s.line)
	mux.HandleFunc("POST /api/refresh", respond(s.refresh))
	return s.guard.wrap(mux)
}

// now returns the current files.
func (s *Server) now() *Files {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files
}

const mostChosen = 4 // cached selections, each with 4 bytes per row

// selection returns the rows that the filter of a query selects.
func (s *Server) selection(ctx context.Context, q url.Values) (*Files, *selection, error) {
	filter, err := ParseFilter(q)
	if err != nil {
		return nil, nil, &wrong{http.StatusBadRequest, err}
	}
	files, key := s.now(), filter.key()
	s.mu.Lock()
	for _, c := range s.chosen {
		if c.key == key {
			s.mu.Unlock()
			return files, c.selection, nil
		}
	}
	s.mu.Unlock()
	made, err := files.choose(ctx, filter)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == files {
		s.chosen = append(s.chosen, chosen{key, made})
		if len(s.chosen) > mostChosen {
			s.chosen = s.chosen[1:]
		}
	}
	return files, made, nil
}

// A wrong is an error with an HTTP status.
type wrong struct {
	status int
	error
}

// respond serves the value that f returns, as JSON.
func respond(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // fails only if the client is gone
	}
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known *wrong
	switch {
	case errors.As(err, &known):
		status = known.status
	case errors.Is(err, index.ErrChanged):
		status = http.StatusConflict
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

// number parses a number of a query, from 0 to most.
func number(q url.Values, name string, most int) (int, error) {
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 || n > most {
		return 0, &wrong{http.StatusBadRequest, errors.New(name + " is not a valid number")}
	}
	return n, nil
}
