package aws_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/seed-111a911e/messagebatches/aws"
	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

const (
	region    = "us-west-2"
	keyID     = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	session   = "session-token-of-the-role"
)

// config returns a configuration with credentials that do not expire.
func config() awssdk.Config {
	return awssdk.Config{Region: region, Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: keyID, SecretAccessKey: secretKey, SessionToken: session}, nil
	})}
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}

// verify checks the signature of a received request, as AWS describes it.
func verify(r *http.Request, bodySHA256 []byte) error {
	fields := make(map[string]string)
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	at := r.Header.Get("X-Amz-Date")
	scope := strings.TrimPrefix(fields["Credential"], keyID+"/")
	if scheme != "AWS4-HMAC-SHA256" || len(at) != 16 || scope != at[:8]+"/"+region+"/aws-external-anthropic/aws4_request" {
		return fmt.Errorf("signed at %q for %s", at, r.Header.Get("Authorization"))
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	for _, name := range []string{"host", "x-amz-date", "x-amz-security-token", "anthropic-version", "anthropic-workspace-id"} {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.Query().Encode(), headers.String(), fields["SignedHeaders"], hex.EncodeToString(bodySHA256)}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at, scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + secretKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	if want := hex.EncodeToString(mac(key, text)); want != fields["Signature"] {
		return fmt.Errorf("signature %s, want %s for\n%s", fields["Signature"], want, canonical)
	}
	return nil
}

// gateway lets requests with a valid signature through to a service.
func gateway(t *testing.T) batchtest.Option {
	return batchtest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			sum := sha256.Sum256(body)
			if err := verify(r, sum[:]); err != nil {
				t.Error(err)
				return
			}
			if r.Header.Get("x-amz-security-token") != session {
				t.Errorf("the session token is %q", r.Header.Get("x-amz-security-token"))
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.Header.Set("authorization", "Bearer key")
			next.ServeHTTP(w, r)
		})
	})
}

func requests(n int, text string) []client.Request {
	all := make([]client.Request, n)
	for i := range all {
		all[i] = client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	return all
}

// TestSignedCalls makes all calls over a socket, so that net/http adds headers after the signature.
func TestSignedCalls(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithKey("key", "wrkspc_1"), gateway(t))
	server := httptest.NewServer(s)
	defer server.Close()
	c, err := aws.New(config(), "wrkspc_1", client.WithBaseURL(server.URL), client.WithBetas(client.BetaOutput300K), client.WithHeader("X-Trace", "changes on the way"))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Create(t.Context(), requests(3, "Grüße & <b>"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(1, 1)); err != nil {
		t.Error(err)
	}
	n := 0
	for _, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	for _, err := range c.List(t.Context(), client.WithPageSize(2), client.WithAfter(batch.ID)) {
		if err != nil {
			t.Error(err)
		}
	}
	if err := c.Delete(t.Context(), batch.ID); err != nil || n != 3 {
		t.Errorf("%d results, %v", n, err)
	}
}

// TestTemporaryCredentials waits for a day with credentials that expire after 15 minutes. Each signature must be new.
func TestTemporaryCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(23*time.Hour), batchtest.WithKey("key", "wrkspc_1"), gateway(t))
		var issued atomic.Int32
		var expires time.Time
		cfg := awssdk.Config{Region: region, Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			issued.Add(1)
			expires = time.Now().Add(15 * time.Minute)
			return awssdk.Credentials{AccessKeyID: keyID, SecretAccessKey: secretKey, SessionToken: session, CanExpire: true, Expires: expires}, nil
		})}
		c := s.Client(client.WithWorkspace("wrkspc_1"), client.WithSigner(aws.Signer(cfg)))
		batch, err := c.Create(t.Context(), requests(1, "x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		if n := issued.Load(); n < 80 || n > 95 {
			t.Errorf("%d credentials in a day", n)
		}
		for _, call := range s.Calls("") {
			at, err := time.Parse("20060102T150405Z", call.Header.Get("x-amz-date"))
			if age := call.Time.Sub(at); err != nil || age < 0 || age > time.Second {
				t.Errorf("%s was signed %s before it arrived, %v", call.Op, age, err)
			}
		}
	})
}

func TestCredentialsThatFail(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	cfg := awssdk.Config{Region: region, Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{}, errors.New("no role")
	})}
	c := s.Client(client.WithSigner(aws.Signer(cfg)))
	_, err := c.Create(t.Context(), requests(1, "x"), client.WithRetry(client.Retry{MaxAttempts: 1}))
	if err == nil || !strings.Contains(err.Error(), "signature: AWS credentials: failed to refresh cached credentials, no role") || errors.As(err, new(*client.UncertainError)) {
		t.Errorf("got %v", err)
	}
}

// TestNew sets the environment.
func TestNew(t *testing.T) {
	for name, tt := range map[string]struct {
		env       map[string]string
		cfg       awssdk.Config
		workspace string
		want      string
	}{
		"region":           {nil, config(), "wrkspc_1", "https://aws-external-anthropic.us-west-2.api.aws/ with signature"},
		"workspace/none":   {nil, config(), "", "no workspace"},
		"workspace/of env": {map[string]string{"ANTHROPIC_AWS_WORKSPACE_ID": "wrkspc_2"}, config(), "", "with signature"},
		"base URL":         {map[string]string{"ANTHROPIC_AWS_BASE_URL": "https://gateway.example.com/aws"}, config(), "wrkspc_1", "https://gateway.example.com/aws/ with signature"},
		"others":           {map[string]string{"ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": "https://example.com"}, config(), "wrkspc_1", "https://aws-external-anthropic.us-west-2.api.aws/ with signature"},
		"no region":        {nil, awssdk.Config{Credentials: config().Credentials}, "wrkspc_1", "set AWS_REGION"},
		"no credentials":   {nil, awssdk.Config{Region: region}, "wrkspc_1", "has no credentials"},
		"base URL/plain":   {map[string]string{"ANTHROPIC_AWS_BASE_URL": "http://example.com"}, config(), "wrkspc_1", "is not encrypted"},
		"malformed region": {nil, awssdk.Config{Region: "a/b.example.com?a", Credentials: config().Credentials}, "wrkspc_1", "the region is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_AWS_BASE_URL", "ANTHROPIC_AWS_WORKSPACE_ID"} {
				t.Setenv(v, tt.env[v])
			}
			c, err := aws.New(tt.cfg, tt.workspace)
			got := fmt.Sprint(c)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) || strings.Contains(got, secretKey) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestMemoryOfSignedCreates signs a create of 250 MB and sends it over a socket. It is not parallel, because the memory
// of other tests would count.
func TestMemoryOfSignedCreates(t *testing.T) {
	var size int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		if err == nil {
			err = verify(r, h.Sum(nil))
		}
		if err != nil {
			t.Error(err)
		}
		size = n
		io.WriteString(w, `{"id":"b","type":"message_batch"}`)
	}))
	defer server.Close()
	c, err := aws.New(config(), "wrkspc_1", client.WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	all := requests(238, strings.Repeat("x", 1<<20)) // all share the text
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() int64 {
		metrics.Read(heap)
		return int64(heap[0].Value.Uint64())
	}
	debug.FreeOSMemory()
	before, most, done := read(), int64(0), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		_, err = c.Create(t.Context(), all)
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			most = max(most, read()-before)
		}
	}
	if err != nil || size < 249e6 || most > 32<<20 {
		t.Errorf("%d bytes with %d MiB, %v", size, most>>20, err)
	}
	t.Logf("%d bytes with %d MiB in %s", size, most>>20, time.Since(began))
}
