package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// An issuer is a transport with a token endpoint, which passes calls with valid tokens on to a service.
type issuer struct {
	next http.RoundTripper
	key  string        // of the service
	life time.Duration // of tokens
	pace time.Duration // the time that a megabyte of a body takes
	slow time.Duration // the time until a call is examined

	// exchange, if it is not nil, may respond in place of the token endpoint.
	exchange func(r *http.Request, body string) *http.Response

	mu        sync.Mutex
	bodies    []string // received by the token endpoint
	headers   []http.Header
	valid     map[string]time.Time // expiry of tokens
	refusals  int                  // calls with another token
	resends   bool                 // net/http could resend a request for a token
	lateAuth  bool                 // tokens are checked again when the body has arrived
	lastToken string
	host      string // of the token endpoint
}

// federated returns an issuer in front of s, and a client that uses it.
func federated(t *testing.T, s *batchtest.Service, life time.Duration, opts ...client.Option) (*issuer, *client.Client) {
	t.Helper()
	i := &issuer{next: s.HTTPClient().Transport, key: s.Key(), life: life, valid: make(map[string]time.Time)}
	return i, s.Client(append([]client.Option{
		client.WithHTTPClient(&http.Client{Transport: i}),
		client.WithFederation(client.Federation{
			RuleID: "fdrl_1", OrganizationID: "org-1", ServiceAccountID: "svac_1", WorkspaceID: "wrkspc_1",
			IdentityToken: func(context.Context) (string, error) { return "assertion-of-the-workload", nil },
		}),
	}, opts...)...)
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/v1/oauth/token") {
		return i.issue(r)
	}
	if r.Body != nil && i.pace > 0 {
		r = r.Clone(r.Context())
		r.Body = &pacedBody{r.Body, i.pace}
	}
	if i.lateAuth && r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if i.slow > 0 {
		<-time.After(i.slow)
	}
	if !i.admits(r) {
		if r.Body != nil {
			r.Body.Close()
		}
		return jsonResponse(r, 401, `{"type":"error","error":{"type":"authentication_error","message":"expired: `+r.Header.Get("authorization")+`"}}`), nil
	}
	r = r.Clone(r.Context())
	r.Header.Set("authorization", "Bearer "+i.key)
	return i.next.RoundTrip(r)
}

func (i *issuer) admits(r *http.Request) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, token, _ := strings.Cut(r.Header.Get("authorization"), " ")
	if until, ok := i.valid[token]; !ok || !time.Now().Before(until) {
		i.refusals++
		return false
	}
	return true
}

func (i *issuer) issue(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	i.host = r.URL.Host
	i.resends = i.resends || r.GetBody != nil
	i.bodies, i.headers = append(i.bodies, string(body)), append(i.headers, r.Header)
	n := len(i.bodies)
	i.mu.Unlock()
	if i.exchange != nil {
		if resp := i.exchange(r, string(body)); resp != nil {
			return resp, nil
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lastToken = fmt.Sprintf("access-token-%d", n)
	i.valid[i.lastToken] = time.Now().Add(i.life)
	return jsonResponse(r, 200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d,"refresh_token":"refresh-token-%d"}`,
		i.lastToken, int(i.life.Seconds()), n)), nil
}

// exchanges returns how many requests the token endpoint received, and refusals how many calls had an invalid token.
func (i *issuer) counts() (exchanges, refusals int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.bodies), i.refusals
}

func (i *issuer) wantCounts(t *testing.T, exchanges, refusals int) {
	t.Helper()
	if e, r := i.counts(); e != exchanges || r != refusals {
		t.Errorf("%d exchanges and %d refused calls, want %d and %d", e, r, exchanges, refusals)
	}
}

// revoke makes all tokens invalid.
func (i *issuer) revoke() {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.valid)
}

func jsonResponse(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_token"}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
}

// A pacedBody is the body of a slow upload.
type pacedBody struct {
	io.ReadCloser
	pace time.Duration
}

func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	<-time.After(b.pace * time.Duration(n) >> 20)
	return n, err
}

// TestDaysWithTokensOfMinutes waits for three batches of a day each. No call has an expired token.
func TestDaysWithTokensOfMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(23*time.Hour))
		i, c := federated(t, s, 10*time.Minute)
		began := time.Now()
		for range 3 {
			batch := create(t, c, 2)
			if _, err := c.Wait(t.Context(), batch.ID); err != nil {
				t.Fatal(err)
			}
			wantResults(t, 2, c.Results(t.Context(), batch.ID))
		}
		exchanges, refusals := i.counts()
		took := time.Since(began)
		if refusals != 0 || exchanges < int(took/(10*time.Minute)) || exchanges > int(took/(8*time.Minute))+1 {
			t.Errorf("%d exchanges and %d refused calls in %s", exchanges, refusals, took)
		}
		t.Logf("%d exchanges, %d calls in %s", exchanges, len(s.Calls(batchtest.Get)), took)
	})
}

// TestExchange checks the request for a token, and a call with the token.
func TestExchange(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	i, c := federated(t, s, time.Hour, client.WithHeader("X-Gateway", "gateway-secret"), client.WithBetas(client.BetaOutput300K))
	create(t, c, 1)
	var got map[string]string
	if err := json.Unmarshal([]byte(i.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "assertion-of-the-workload",
		"federation_rule_id": "fdrl_1", "organization_id": "org-1", "service_account_id": "svac_1", "workspace_id": "wrkspc_1",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	h := i.headers[0]
	if i.resends || h.Get("anthropic-beta") != "oauth-2025-04-20,oidc-federation-2026-04-01" || h.Get("x-gateway") != "gateway-secret" || h.Get("authorization") != "" {
		t.Errorf("the exchange has the headers %v", h)
	}
	call := s.Calls(batchtest.Create)[0].Header
	if call.Get("anthropic-beta") != string(client.BetaOutput300K)+",oauth-2025-04-20" || call.Get("anthropic-workspace-id") != "" {
		t.Errorf("the call has the headers %v", call)
	}
	if text := c.String(); !strings.HasSuffix(text, "with workload identity") {
		t.Error(text)
	}
}

// TestOneExchangeServesAllCalls begins many calls at once, without a token, and again when all tokens were revoked.
func TestOneExchangeServesAllCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		i, c := federated(t, s, time.Hour)
		i.exchange = func(*http.Request, string) *http.Response { <-time.After(5 * time.Second); return nil }
		batch := create(t, c, 1)
		i.wantCounts(t, 1, 0)
		i.revoke()
		i.slow = time.Second
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if _, err := c.Get(t.Context(), batch.ID); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		i.wantCounts(t, 2, 50)
	})
}

// TestTokenIsRefusedAgain revokes each token at once: a call makes two attempts.
func TestTokenIsRefusedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		i, c := federated(t, s, 0)
		_, err := c.Create(t.Context(), requests(1))
		if !errors.Is(err, client.ErrAuthentication) || errors.As(err, new(*client.UncertainError)) || strings.Contains(err.Error(), "access-token") {
			t.Errorf("got %v", err)
		}
		i.wantCounts(t, 2, 2)
	})
}

// TestTokenEndpointOutage checks that calls continue with a token that still works, and wait for a new one after it has
// expired.
func TestTokenEndpointOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		i, c := federated(t, s, 10*time.Minute)
		began := time.Now()
		i.exchange = func(r *http.Request, _ string) *http.Response {
			if since := time.Since(began); since > time.Second && since < 20*time.Minute {
				return jsonResponse(r, 503, `{"error":"temporarily_unavailable"}`)
			}
			return nil
		}
		batch := create(t, c, 1)
		<-time.After(9 * time.Minute)
		for range 20 {
			if _, err := c.Get(t.Context(), batch.ID, once); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		i.wantCounts(t, 2, 0)
		<-time.After(time.Minute)
		if _, err := c.Get(t.Context(), batch.ID, once); err == nil || !strings.Contains(err.Error(), "the token endpoint responded 503 temporarily_unavailable (request ID req_token)") {
			t.Errorf("got %v", err)
		}
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
	})
}

// TestCallsDoNotWaitForARefresh uses the old token while a new one is on the way.
func TestCallsDoNotWaitForARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		i, c := federated(t, s, 10*time.Minute)
		batch := create(t, c, 1)
		i.exchange = func(*http.Request, string) *http.Response { <-time.After(20 * time.Second); return nil }
		<-time.After(9 * time.Minute)
		began := time.Now()
		for range 3 {
			if _, err := c.Get(t.Context(), batch.ID); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("the calls took %s", took)
		}
		<-time.After(time.Minute)
		if _, err := c.Get(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		i.wantCounts(t, 2, 0)
	})
}

// TestLongUpload creates a batch whose body takes 4:50 minutes, when the token has 4 minutes left. The service checks the
// token when the body has arrived.
func TestLongUpload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reads     time.Duration // of the body
		revoked   bool          // the new token is revoked during the first upload
		down      bool          // the token endpoint fails
		exchanges int
		refusals  int
		fails     bool
	}{
		"lasts":          {290 * time.Second, false, false, 2, 0, false},
		"revoked":        {290 * time.Second, true, false, 3, 1, false},
		"takes too long": {15 * time.Minute, false, false, 3, 2, true},
		"no new token":   {230 * time.Second, false, true, 2, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				i, c := federated(t, s, 10*time.Minute)
				i.lateAuth = true
				create(t, c, 1)
				<-time.After(6 * time.Minute)
				i.pace = tt.reads
				var opts []client.CallOption
				if tt.down {
					opts = append(opts, once)
					i.exchange = func(r *http.Request, _ string) *http.Response { return jsonResponse(r, 500, "{}") }
				}
				if tt.revoked {
					time.AfterFunc(time.Minute, i.revoke)
				}
				began := time.Now()
				_, err := c.Create(t.Context(), largeRequests(1), opts...)
				if (err != nil) != tt.fails || err != nil && !errors.Is(err, client.ErrAuthentication) {
					t.Errorf("got %v", err)
				}
				i.wantCounts(t, tt.exchanges, tt.refusals)
				if n := len(s.Batches()); n != 2 && !tt.fails {
					t.Errorf("%d batches", n)
				}
				t.Logf("the upload took %s", time.Since(began))
			})
		})
	}
}

// TestRefusedExchange checks that a refused exchange fails at once, with the endpoint's message and without secrets.
func TestRefusedExchange(t *testing.T) {
	t.Parallel()
	const long = "a description that is much longer than what anybody reads"
	for name, tt := range map[string]struct {
		status    int
		body      string
		want      string
		exchanges int // 1 if there is no retry
	}{
		"OAuth":        {400, `{"error":"invalid_grant","error_description":"` + long + ` assertion-of-the-workload"}`, "400 invalid_grant (request ID req_token): " + long + " [redacted]", 1},
		"rule":         {401, `{"error":"invalid_grant"}`, "the federation rule must match the identity token", 1},
		"API":          {403, `{"type":"error","error":{"type":"permission_error","message":"no \u0000"}}`, `403 permission_error (request ID req_token): no \x00`, 1},
		"others":       {400, `{"error":"invalid_grant","assertion":"other"}`, "400 invalid_grant (request ID req_token)", 1},
		"web page":     {404, "<html>assertion-of-the-workload", "the token endpoint responded 404", 1},
		"redirect":     {307, `{}`, "the token endpoint responded 307", 5},
		"no token":     {200, `{"access_token":""}`, "responded 200 without an access token", 5},
		"other scheme": {200, `{"access_token":"a","token_type":"mac"}`, `a token of type "mac"`, 5},
		"not a token":  {200, `{"access_token":"Bearer x"}`, `workload identity begins with "Bearer"`, 1},
		"busy":         {429, `{"error":"slow_down"}`, "429 slow_down", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				i, c := federated(t, s, time.Hour)
				i.exchange = func(r *http.Request, _ string) *http.Response { return jsonResponse(r, tt.status, tt.body) }
				_, err := c.Create(t.Context(), requests(1))
				if err == nil || !strings.Contains(err.Error(), "workload identity") || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got %v", err)
				}
				if errors.As(err, new(*client.UncertainError)) || errors.Is(err, client.ErrAuthentication) != (tt.exchanges == 1 && tt.status != 200) {
					t.Errorf("got %#v", err)
				}
				if strings.Contains(err.Error(), "assertion-of") {
					t.Errorf("shows the identity token: %v", err)
				}
				checkFit(t, err.Error(), 700)
				i.wantCounts(t, tt.exchanges, 0)
			})
		})
	}
}

// TestCanceledCallKeepsTheRefresh cancels a call while its token is being fetched. Another call receives the token.
func TestCanceledCallKeepsTheRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		i, c := federated(t, s, time.Hour)
		i.exchange = func(*http.Request, string) *http.Response { <-time.After(10 * time.Second); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Create(ctx, requests(1)); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*client.UncertainError)) {
			t.Errorf("got %v", err)
		}
		create(t, c, 1)
		i.wantCounts(t, 1, 0)
	})
}

// TestTokenThatNeverComes makes the token endpoint, or the program, block for ever. Later calls try again.
func TestTokenThatNeverComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		block := make(chan struct{})
		var stuck atomic.Bool
		stuck.Store(true)
		i, c := federated(t, s, time.Hour, client.WithFederation(client.Federation{RuleID: "r", OrganizationID: "o", IdentityToken: func(context.Context) (string, error) {
			if stuck.Load() {
				<-block
			}
			return "x", nil
		}}))
		i.exchange = func(r *http.Request, _ string) *http.Response {
			if stuck.Load() {
				<-r.Context().Done()
			}
			return nil
		}
		other := s.Client(client.WithHTTPClient(&http.Client{Transport: i}), client.WithFederation(client.Federation{RuleID: "r", OrganizationID: "o",
			IdentityToken: func(context.Context) (string, error) { return "x", nil }}))
		for _, c := range []*client.Client{c, other} {
			began := time.Now()
			_, err := c.Create(t.Context(), requests(1), once)
			if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "workload identity: no access token within 30s") || time.Since(began) != 30*time.Second {
				t.Errorf("got %v after %s", err, time.Since(began))
			}
		}
		stuck.Store(false)
		create(t, c, 1)
		create(t, other, 1)
		close(block)
	})
}

func TestIdentityTokenThatFails(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	with := func(token func(context.Context) (string, error)) *client.Client {
		_, c := federated(t, s, time.Hour, client.WithFederation(client.Federation{RuleID: "r", OrganizationID: "o", IdentityToken: token}))
		return c
	}
	for want, token := range map[string]func(context.Context) (string, error){
		"workload identity: identity token: metadata server is closed": func(context.Context) (string, error) { return "", errors.New("metadata server is closed") },
		"identity token is empty":                                      func(context.Context) (string, error) { return "", nil },
		"identity token has 20000 bytes":                               func(context.Context) (string, error) { return strings.Repeat("x", 20000), nil },
	} {
		if _, err := with(token).Get(t.Context(), "b", once); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), "of the program") {
			t.Errorf("got the panic %v", v)
		}
	}()
	with(func(context.Context) (string, error) { panic("of the program") }).Get(t.Context(), "b")
	t.Error("the panic was lost")
}
