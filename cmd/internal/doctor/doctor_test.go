package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/doctor"
)

const key = "sk-ant-secret-0123456789"

// A setup is the environment of a test.
type setup struct {
	http    *http.Client
	options []client.Option
	env     map[string]string
}

// at returns options of a client at a base URL.
func at(url, key string) []client.Option {
	return []client.Option{client.WithoutEnvironment(), client.WithBaseURL(url), client.WithAPIKey(key)}
}

// serve starts the fake.
func serve(t *testing.T, o ...batchtest.Option) *batchtest.Service {
	s := batchtest.New(t, o...)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return s
}

// server starts an HTTP server that logs nothing.
func server(t *testing.T, start func(*httptest.Server), h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(s)
	t.Cleanup(s.Close)
	return s
}

// closed returns an address on which nothing listens.
func closed(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func through(proxy string) *http.Client {
	u, err := url.Parse(proxy)
	if err != nil {
		panic(err)
	}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}}
}

// page responds like a web server without the API.
func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<html>Welcome</html>")
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setup func(t *testing.T) setup
		want  []string // states and beginnings of texts, with HOST for the host of the base URL
	}{
		"well/fake": {
			func(t *testing.T) setup { s := serve(t); return setup{options: at(s.URL(), s.Key())} },
			[]string{"ok credential: API key", "ok base URL: http://HOST/", "ok proxy: none for HOST", "ok connection: plain http to HOST", "ok clock: matches the server's", "ok access: the service accepts the credential"},
		},
		"well/TLS": {
			func(t *testing.T) setup {
				s := serve(t)
				front := server(t, (*httptest.Server).StartTLS, func(w http.ResponseWriter, r *http.Request) {
					r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", strings.TrimPrefix(s.URL(), "http://")
					resp, err := http.DefaultTransport.RoundTrip(r)
					if err != nil {
						panic(err)
					}
					defer resp.Body.Close()
					maps.Copy(w.Header(), resp.Header)
					w.WriteHeader(resp.StatusCode)
					io.Copy(w, resp.Body)
				})
				return setup{http: front.Client(), options: at(front.URL, s.Key())}
			},
			[]string{"ok credential: API key", "ok base URL: https://HOST/", "ok proxy: none for HOST", `ok connection: TLS 1.3 to HOST, with a certificate of "Acme Co" until 20`, "ok clock: matches the server's", "ok access: the service accepts the credential"},
		},
		"credential/wrong key": {
			func(t *testing.T) setup {
				return setup{options: at(serve(t).URL(), key), env: map[string]string{"ANTHROPIC_API_KEY": key}}
			},
			[]string{"ok credential: API key from ANTHROPIC_API_KEY", "ok base URL", "ok proxy", "ok connection", "ok clock", "wrong access: 401 authentication_error: | the service does not know the credential: check in the Console whether the key in ANTHROPIC_API_KEY was deleted"},
		},
		"credential/none at all": {
			func(*testing.T) setup {
				return setup{options: []client.Option{client.WithoutEnvironment()}, http: &http.Client{Transport: &http.Transport{
					DialContext: func(context.Context, string, string) (net.Conn, error) {
						return nil, &net.DNSError{Err: "no such host", Name: "api.anthropic.com", IsNotFound: true}
					},
				}}}
			},
			[]string{"wrong credential: no credential | set ANTHROPIC_API_KEY to a key of the Console, or log in", "ok base URL: https://HOST/", "ok proxy", "wrong connection: there is no host HOST", "skipped clock", "skipped access: there is no valid credential or base URL to try"},
		},
		"credential/two": {
			func(t *testing.T) setup {
				s := serve(t)
				return setup{options: at(s.URL(), s.Key()), env: map[string]string{"ANTHROPIC_API_KEY": s.Key(), "ANTHROPIC_AUTH_TOKEN": key}}
			},
			[]string{"warning credential: API key from ANTHROPIC_API_KEY | ANTHROPIC_AUTH_TOKEN is also set, but not used", "ok base URL", "ok proxy", "ok connection", "ok clock", "ok access"},
		},
		"base URL/malformed": {
			func(*testing.T) setup { return setup{options: at("api.anthropic.com", key)} },
			[]string{"ok credential: set", "wrong base URL: base URL must begin with https:// ", "skipped proxy", "skipped connection", "skipped clock", "skipped access"},
		},
		"base URL/not encrypted": {
			func(*testing.T) setup { return setup{options: at("http://api.example.com", key)} },
			[]string{"ok credential: set", "wrong base URL: base URL http://api.example.com is not encrypted, so the credential and the prompts could be read on the way: use https | fix it", "skipped proxy", "skipped connection", "skipped clock", "skipped access"},
		},
		"host/nothing there": {
			func(t *testing.T) setup { return setup{options: at("https://"+closed(t), key)} },
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: nothing accepts connections at HOST | fix host and port", "skipped clock", "skipped access: the service was not reached"},
		},
		"host/another server": {
			func(t *testing.T) setup {
				return setup{options: at(server(t, (*httptest.Server).Start, page).URL, key), env: map[string]string{"ANTHROPIC_BASE_URL": "x"}}
			},
			[]string{"ok credential", "ok base URL: http://HOST/ from ANTHROPIC_BASE_URL", "ok proxy", "ok connection", "ok clock", "wrong access: | there may be no Message Batches API at http://HOST/: fix ANTHROPIC_BASE_URL"},
		},
		"host/redirect": {
			func(t *testing.T) setup {
				return setup{options: at(server(t, (*httptest.Server).Start, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "https://user:pw@login.example.com/x?token=1", http.StatusFound)
				}).URL, key)}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: the server redirects to https://login.example.com | the credential is not sent there", "ok clock", "skipped access"},
		},
		"TLS/unknown authority": {
			func(t *testing.T) setup {
				return setup{options: at(server(t, (*httptest.Server).StartTLS, page).URL, key), http: &http.Client{Transport: &http.Transport{}}}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", `wrong connection: the certificate of HOST is signed by an authority that this machine does not know ("Acme Co") | if a proxy or firewall of your company inspects TLS`, "skipped clock", "skipped access"},
		},
		"TLS/another host": {
			func(t *testing.T) setup {
				s := server(t, (*httptest.Server).StartTLS, page)
				h := s.Client()
				h.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
				}
				return setup{options: at("https://api.example.net", key), http: h}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: the certificate is not for HOST | fix ANTHROPIC_BASE_URL", "skipped clock", "skipped access"},
		},
		"TLS/expired, by this clock": {
			func(t *testing.T) setup {
				s := server(t, (*httptest.Server).StartTLS, page)
				h := s.Client()
				h.Transport.(*http.Transport).TLSClientConfig.Time = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
				return setup{options: at(s.URL, key), http: h}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: the certificate of | set the clock", "skipped clock", "skipped access"},
		},
		"TLS/http in place of https": {
			func(t *testing.T) setup {
				return setup{options: at(strings.Replace(server(t, (*httptest.Server).StartTLS, page).URL, "https:", "http:", 1), key)}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: the server refuses plain http, but may speak TLS | use a base URL with https://", "skipped clock", "skipped access"},
		},
		"TLS/http in place of https, other server": {
			func(t *testing.T) setup {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { l.Close() })
				go func() {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						c.Read(make([]byte, 4096))
						c.Write([]byte("\x15\x03\x01\x00\x02\x02\x46")) // a TLS alert
						c.Close()
					}
				}()
				return setup{options: at("http://"+l.Addr().String(), key)}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: HOST speaks TLS | use a base URL with https://", "skipped clock", "skipped access"},
		},
		"TLS/https in place of http": {
			func(t *testing.T) setup {
				return setup{options: at(strings.Replace(server(t, (*httptest.Server).Start, page).URL, "http:", "https:", 1), key)}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "wrong connection: HOST does not speak TLS | use a base URL with http:// for a server without TLS", "skipped clock", "skipped access"},
		},
		"clock/10 minutes off": {
			func(t *testing.T) setup {
				s := serve(t, batchtest.WithDateOffset(10*time.Minute))
				return setup{options: at(s.URL(), s.Key())}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "ok connection", "wrong clock: | set this machine's clock", "ok access"},
		},
		"clock/30 seconds off": {
			func(t *testing.T) setup {
				s := serve(t, batchtest.WithDateOffset(-30*time.Second))
				return setup{options: at(s.URL(), s.Key())}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "ok connection", "warning clock: ", "ok access"},
		},
		"proxy/down": {
			func(t *testing.T) setup {
				return setup{options: at("https://api.example.com", key), http: through("http://user:" + key + "@" + closed(t))}
			},
			[]string{"ok credential", "ok base URL", "wrong proxy: http://127.0.0.1:PORT: nothing accepts connections at 127.0.0.1:PORT | fix HTTPS_PROXY (or HTTP_PROXY), unset it if there is no proxy, or add HOST to NO_PROXY", "skipped connection: the proxy failed", "skipped clock", "skipped access"},
		},
		"proxy/wants a password": {
			func(t *testing.T) setup {
				return setup{options: at("https://api.example.com", key), http: through(server(t, (*httptest.Server).Start, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }).URL)}
			},
			[]string{"ok credential", "ok base URL", "wrong proxy: http://127.0.0.1:PORT refuses to connect to HOST: Proxy Authentication Required | put a user name and password into HTTPS_PROXY: http://USER:PASSWORD@127.0.0.1:PORT", "skipped connection", "skipped clock", "skipped access"},
		},
		"service/overloaded": {
			func(t *testing.T) setup {
				s := serve(t)
				s.Inject(batchtest.List, nil, batchtest.Fail(529, "overloaded_error", "Overloaded"))
				return setup{options: at(s.URL(), s.Key())}
			},
			[]string{"ok credential", "ok base URL", "ok proxy", "ok connection", "ok clock", "warning access: 529 overloaded_error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.setup(t)
			checks := doctor.Run(t.Context(), doctor.Options{HTTP: s.http, Client: s.options, Getenv: func(name string) string { return s.env[name] }})
			if len(checks) != len(tt.want) {
				t.Fatalf("%d checks, want %d", len(checks), len(tt.want))
			}
			for i, want := range tt.want {
				found, todo, _ := strings.Cut(want, " | ")
				c := checks[i]
				if got := fmt.Sprintf("%s %s: %s", c.State, c.Name, c.Found); !strings.HasPrefix(anonymous(checks, got), found) || !strings.HasPrefix(anonymous(checks, c.Todo), todo) {
					t.Errorf("got %s | %s\nwant %s", got, c.Todo, want)
				}
				if (c.State == doctor.Wrong || c.State == doctor.Warning) && c.Todo == "" {
					t.Errorf("%+v: it does not say what to do", c)
				}
			}
			all, err := json.Marshal(checks)
			if err != nil || strings.Contains(string(all), key) || strings.Contains(string(all), "token=") {
				t.Errorf("%v: %s", err, all)
			}
		})
	}
}

// anonymous replaces the hosts and ports of a test.
func anonymous(checks []doctor.Check, text string) string {
	for _, c := range checks {
		if address, _, _ := strings.Cut(c.Found, " "); c.Name == "base URL" {
			if u, err := url.Parse(address); err == nil && u.Host != "" {
				text = strings.NewReplacer(u.Host, "HOST").Replace(text)
				if u.Hostname() == "api.example.net" {
					text = strings.ReplaceAll(text, u.Hostname(), "HOST")
				}
			}
		}
	}
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "127.0.0.1:PORT")
}

// TestRunIsCheap checks that only two list calls are made, of one batch each.
func TestRunIsCheap(t *testing.T) {
	t.Parallel()
	s := serve(t)
	doctor.Run(t.Context(), doctor.Options{Client: at(s.URL(), s.Key())})
	var got []string
	for _, c := range s.Calls(batchtest.List) {
		got = append(got, fmt.Sprint(c.Op, " ", c.Header.Get("x-api-key") != ""))
	}
	if diff := cmp.Diff([]string{"list false", "list true"}, got); diff != "" {
		t.Error(diff)
	}
}
