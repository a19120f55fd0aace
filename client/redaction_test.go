package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// The secrets that are planted, each in a place of its own.
const (
	plantedKey    = "sk-ant-planted-key"
	plantedToken  = "planted-token"
	plantedSource = "planted-source-token"
	plantedHeader = "planted-header"
	plantedEnv    = "planted-env-header"
	plantedUser   = "planted-user"
	plantedPass   = "planted-pass"
	plantedProxy  = "planted-proxy"
	plantedJWT    = "planted-identity-token"
	plantedAccess = "planted-access-token"
)

// planted are the secrets, in each form in which a printer may show them.
func planted() map[string]string {
	forms := make(map[string]string)
	for _, secret := range []string{plantedKey, plantedToken, plantedSource, plantedHeader, plantedEnv, plantedUser, plantedPass, plantedProxy, plantedJWT, plantedAccess} {
		b := []byte(secret)
		forms[secret] = secret
		forms[fmt.Sprintf("%x", b)] = secret
		forms[fmt.Sprintf("%X", b)] = secret
		forms[fmt.Sprintf("% x", b)] = secret
		forms[strings.Trim(fmt.Sprint(b), "[]")] = secret
		forms[strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}")] = secret
		for i := range 3 { // base64 depends on the offset
			text := base64.RawStdEncoding.EncodeToString(append(make([]byte, i), b...))
			forms[text[(i*4+2)/3:len(text)-2]] = secret
		}
	}
	return forms
}

// plantedClients returns clients that hold the secrets, and the options they were made with.
func plantedClients(t *testing.T, transport http.RoundTripper, log *slog.Logger) ([]*client.Client, []any) {
	t.Helper()
	var clients []*client.Client
	var all []any
	for _, credential := range []client.Option{
		client.WithAPIKey(plantedKey),
		client.WithAuthToken(plantedToken),
		client.WithTokenSource(func(context.Context) (string, error) { return plantedSource, nil }),
		client.WithFederation(client.Federation{RuleID: "r", OrganizationID: "o", IdentityToken: func(context.Context) (string, error) { return plantedJWT, nil }}),
	} {
		options := []client.Option{
			credential,
			client.WithHeader("X-Gateway-Secret", plantedHeader),
			client.WithHeader("Proxy-Authorization", "Basic "+plantedProxy),
			client.WithHTTPClient(&http.Client{Transport: transport}),
			client.WithBaseURL("http://localhost"),
			client.WithLogger(log),
			client.WithRetry(client.Retry{MaxAttempts: 2, MinDelay: time.Nanosecond}),
		}
		c, err := client.New(options...)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
		for _, o := range options {
			all = append(all, o)
		}
	}
	return clients, all
}

// plantedErrors collects errors of every kind, from a service that echoes the credentials it receives.
func plantedErrors(t *testing.T, s *batchtest.Service, c *client.Client, id string) (errs []any) {
	t.Helper()
	keep := func(err error) {
		for ; err != nil; err = errors.Unwrap(err) {
			errs = append(errs, err)
		}
	}
	echo := func(status int, body string, header ...string) batchtest.Fault {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			shown := fmt.Sprint(r.Header.Get("x-api-key"), " ", r.Header.Get("authorization"), " ", r.Header.Get("proxy-authorization"))
			batchtest.Status(status, strings.ReplaceAll(body, "SHOW", shown), header...)(w, r, next)
		}
	}
	for _, fault := range []batchtest.Fault{
		echo(401, `{"type":"error","error":{"type":"authentication_error","message":"bad key SHOW","details":{"error_code":"SHOW"}},"request_id":"SHOW"}`),
		echo(400, `{"type":"error","error":{"type":"new_error","message":"SHOW","extra":"SHOW"}}`),
		echo(502, "<html>SHOW</html>"),
		echo(200, "<html>SHOW</html>"),
		echo(200, `{"type":"error","error":{"type":"api_error","message":"SHOW"}}`),
		echo(307, "SHOW", "location", "https://"+plantedUser+":"+plantedPass+"@example.com/"),
		batchtest.DropBefore(),
		batchtest.DropBytes(10),
		func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
	} {
		for op, call := range everyCall(t.Context(), c, id) {
			s.Inject(op, batchtest.Times(2, fault)...)
			keep(call())
		}
		s.Inject(batchtest.Get, fault)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := c.Wait(ctx, id)
		keep(err)
	}
	return errs
}

// TestNothingShowsASecret prints and encodes everything that the package returns to its caller, in every way, and looks for
// the secrets. It is not parallel, because they are in the environment too.
func TestNothingShowsASecret(t *testing.T) {
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Env-Secret: "+plantedEnv)
	var log bytes.Buffer
	loggers := []*slog.Logger{
		slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})),
		slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	forms := planted()
	check := func(what, text string) {
		t.Helper()
		for form, secret := range forms {
			if strings.Contains(text, form) {
				at := strings.Index(text, form)
				t.Errorf("%s shows %s: %s", what, secret, text[max(0, at-200):at+len(form)])
			}
		}
	}
	for i := range 4 {
		logger := loggers[i%2]
		s := batchtest.Start(batchtest.WithDuration(0), batchtest.WithKey([]string{plantedKey, plantedToken, plantedSource, plantedAccess}[i]))
		clients, values := plantedClients(t, s.HTTPClient().Transport, logger)
		c := clients[i]
		values = append(values, c, *c, c.Raw(), *c.Raw())
		batch, err := c.Create(t.Context(), requests(2))
		if err != nil {
			t.Fatal(err)
		}
		h := s.Calls(batchtest.Create)[0].Header
		if h.Get("x-gateway-secret") != plantedHeader || h.Get("x-env-secret") != plantedEnv {
			t.Fatalf("the secrets were not sent: %v", h)
		}
		values = append(append(values, batch), plantedErrors(t, s, c, batch.ID)...)
		for _, u := range []string{
			"https://" + plantedUser + ":" + plantedPass + "@example.com", "http://" + plantedUser + "@example.com",
			"://" + plantedPass + "@", "https://example.com/?key=" + plantedPass, "https://" + plantedUser + ":" + plantedPass + "@[::1", "ftp://" + plantedPass,
		} {
			_, err := client.New(client.WithAPIKey(plantedKey+"\n"), client.WithHeader("x", "\r\n"+plantedHeader), client.WithHeader(plantedHeader+":", "x"),
				client.WithUserAgent(plantedToken+"\x00"), client.WithBaseURL(u))
			values = append(values, err, client.WithBaseURL(u))
		}
		for _, v := range values {
			var text strings.Builder
			for _, holder := range []any{v, &v, []any{v}, map[string]any{"v": v}, struct{ V any }{v}, struct{ v any }{v}} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%T", "%c", "%U", "%e", "%b", "%o", "%w"} {
					fmt.Fprintf(&text, verb+"\n", holder)
				}
				v1, err1 := json.Marshal(holder)
				v2, err2 := jsonv2.Marshal(holder)
				fmt.Fprintf(&text, "%s %v\n%s %v\n", v1, err1, v2, err2)
			}
			check(fmt.Sprintf("%T", v), text.String()+inside(v))
			logger.Info("value", "v", v, slog.Group("g", slog.Any("v", v)))
			logger.With("v", v).WithGroup("g").Debug(fmt.Sprint(v))
		}
	}
	check("log", log.String())
	if !strings.Contains(log.String(), "attempt ended") || !strings.Contains(log.String(), "retrying call") {
		t.Error("the client has logged nothing")
	}
}

// inside gathers all text that is reachable from a value, including unexported fields, as a thorough printer would find it.
// No printer can look into a function.
func inside(v any) string {
	var text strings.Builder
	seen := make(map[uintptr]bool)
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				walk(v.Elem())
			}
		case reflect.Interface:
			walk(v.Elem())
		case reflect.Struct:
			for _, field := range v.Fields() {
				walk(field)
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
				text.Write(v.Bytes())
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(k)
				walk(v.MapIndex(k))
			}
		case reflect.String:
			text.WriteString(v.String() + "\n")
		}
	}
	walk(reflect.ValueOf(v))
	return text.String()
}

// TestPanicsShowNoSecret runs programs that panic with values that hold secrets.
func TestPanicsShowNoSecret(t *testing.T) {
	const variable = "MESSAGEBATCHES_TEST_PANIC"
	if how := os.Getenv(variable); how != "" {
		panicWith(t, how)
		return
	}
	t.Parallel()
	forms := planted()
	for _, how := range []string{"client", "value", "option", "error", "uncertain", "transport", "preflight", "source", "poll"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPanicsShowNoSecret$")
		cmd.Env = append(os.Environ(), variable+"="+how, "GOTRACEBACK=all")
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("panic: ")) {
			t.Errorf("%s: got no panic, but %v: %s", how, err, out)
		}
		for form, secret := range forms {
			if bytes.Contains(out, []byte(form)) {
				t.Errorf("%s: the panic shows %s: %s", how, secret, out)
			}
		}
	}
}

func panicWith(t *testing.T, how string) {
	s := batchtest.Start(batchtest.WithKey(plantedKey))
	transport := s.HTTPClient().Transport
	if how == "transport" {
		transport = roundTripper(func(*http.Request) (*http.Response, error) { panic("transport") })
	}
	clients, options := plantedClients(t, transport, slog.New(slog.DiscardHandler))
	c := clients[0]
	params := requests(1)
	switch how {
	case "client":
		panic(c)
	case "value":
		panic(*c)
	case "option":
		panic(options[0])
	case "error":
		_, err := c.Get(t.Context(), "b")
		panic(err)
	case "uncertain":
		s.Inject(batchtest.Create, batchtest.DropAfter())
		_, err := c.Create(t.Context(), params)
		panic(err)
	case "transport":
		c.Create(t.Context(), params)
	case "preflight":
		c.Create(t.Context(), params, client.WithPreflight(checker{requests: func([]client.Request, client.CallInfo) error { panic("preflight") }}))
	case "source":
		c, err := client.New(client.WithTokenSource(func(context.Context) (string, error) { panic("source") }), client.WithHeader("x-secret", plantedHeader))
		if err == nil {
			c.Get(t.Context(), "b")
		}
	case "poll":
		b, err := c.Create(t.Context(), params)
		if err == nil {
			c.Wait(t.Context(), b.ID, client.OnPoll(func(*client.Batch) { panic("poll") }))
		}
	}
}

// TestProxyPasswordIsNotShown goes through a proxy that cannot be reached, and one that refuses.
func TestProxyPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"http://127.0.0.1:1", "https://127.0.0.1:1"} {
		for _, response := range []string{"", "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"} {
			proxy, err := url.Parse(rawServer(t, func(conn *net.TCPConn) {
				conn.Read(make([]byte, 4096))
				io.WriteString(conn, response)
			}))
			if err != nil {
				t.Fatal(err)
			}
			proxy.User = url.UserPassword(plantedUser, plantedPass)
			var log bytes.Buffer
			c := socketClient(t, target, client.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
				client.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), ProxyConnectHeader: http.Header{"X-Proxy": {plantedProxy}}}}))
			_, err = c.Create(t.Context(), requests(1))
			text := fmt.Sprintf("%v %+v %#v %s", err, err, err, inside(err)) + log.String()
			for form, secret := range planted() {
				if err == nil || strings.Contains(text, form) {
					t.Errorf("%q shows %s: %s", response, secret, text)
				}
			}
		}
	}
}

// TestErrorsShowNoPrompt puts text in place of a property name, as after an unescaped quotation mark.
func TestErrorsShowNoPrompt(t *testing.T) {
	t.Parallel()
	const text, broken = "SECRET", `{"SECRET":{"SECRET":x}}`
	s := batchtest.New(t, batchtest.WithDuration(0))
	c := s.Client(once)
	batch, err := c.Create(t.Context(), requests(1))
	if err != nil {
		t.Fatal(err)
	}
	s.Inject(batchtest.Results, batchtest.Status(200, `{"custom_id":"a","result":`+broken+"}\n", "content-type", "application/x-jsonl"))
	tool := requests(1)
	tool[0].Params.Tools = []gen.BetaToolUnion{&gen.BetaTool{Name: "t", InputSchema: []byte(broken)}}

	_, created := c.Create(t.Context(), tool)
	_, lines := c.CreateLines(t.Context(), strings.NewReader(`{"custom_id":"a","params":`+broken+`}`))
	var line error
	if _, damaged, _ := collect(t, c.Results(t.Context(), batch.ID)); len(damaged) == 1 {
		line = damaged[0].Err()
	}
	for name, err := range map[string]error{"Create": created, "CreateLines": lines, "Results": line} {
		if err == nil || strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "invalid character 'x'") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
