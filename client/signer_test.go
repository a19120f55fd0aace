package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/internal/memtest"
)

// A signer puts the hash that it receives into the credential, together with a key.
type signer struct {
	key string

	mu    sync.Mutex
	calls int
}

func (s *signer) sign(r *http.Request, sum [sha256.Size]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if r.URL.Query().Get("beta") != "true" || r.Header.Get("anthropic-version") == "" || r.Header.Get("user-agent") == "" {
		return errors.New("the request lacks headers that must be signed")
	}
	r.Header.Set("authorization", "Bearer "+s.key)
	r.Header.Set("x-sum", hex.EncodeToString(sum[:]))
	return nil
}

// checksSums is a transport that compares the hash of each body with the signed one.
func checksSums(t *testing.T, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		h := sha256.New()
		signed := r.Header.Get("x-sum")
		if r.Body != nil {
			r = r.Clone(r.Context())
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, h), r.Body}
		}
		resp, err := next.RoundTrip(r)
		if got := hex.EncodeToString(h.Sum(nil)); got != signed {
			t.Errorf("%s %s: the body has the hash %s, but %s was signed", r.Method, r.URL.Path, got, signed)
		}
		return resp, err
	})
}

func TestSigner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		sig := &signer{key: s.Key()}
		c := s.Client(client.WithSigner(sig.sign), client.WithHTTPClient(&http.Client{Transport: checksSums(t, s.HTTPClient().Transport)}))
		batch := create(t, c, 300)
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		wantResults(t, 300, c.Results(t.Context(), batch.ID))
		if _, err := c.CreateLines(t.Context(), strings.NewReader("\n"+jsonLines(t, requests(3))+"\n \n")); err != nil {
			t.Error(err)
		}
		raw, err := c.Raw().CreateMessageBatchWithBody(t.Context(), nil, "application/json", strings.NewReader(`{"requests":[]}`), func(_ context.Context, r *http.Request) error {
			r.Header.Set("anthropic-version", "2023-06-01")
			return nil
		})
		if err != nil || raw.StatusCode != 400 {
			t.Error(raw, err)
		} else {
			raw.Body.Close()
		}
		if _, err := c.Raw().CreateMessageBatchWithBody(t.Context(), nil, "application/json", io.MultiReader(strings.NewReader(`{}`))); err == nil || !strings.Contains(err.Error(), "can be read only once") {
			t.Errorf("got %v", err)
		}

		before := sig.calls
		s.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."), batchtest.Fail(401, "authentication_error", "The signature is too old."))
		create(t, c, 2)
		if n := sig.calls - before; n != 3 {
			t.Errorf("%d signatures for 3 attempts", n)
		}
	})
}

func TestSignerThatFails(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client(client.WithSigner(func(*http.Request, [sha256.Size]byte) error { return errors.New("no instance metadata") }))
	if _, err := c.Create(t.Context(), requests(1), once); err == nil || errors.As(err, new(*client.UncertainError)) || !strings.Contains(err.Error(), "signature: no instance metadata") {
		t.Errorf("got %v", err)
	}
	if n := len(s.Calls(batchtest.Create)); n != 0 {
		t.Errorf("%d calls", n)
	}
	if text := c.String(); !strings.HasSuffix(text, "with signature") {
		t.Error(text)
	}
	if _, err := client.New(client.WithSigner(nil)); err == nil {
		t.Error("a nil signer is accepted")
	}
}

// changingLines are lines that change after they were read twice: counted, and signed or sent.
type changingLines struct {
	*strings.Reader
	rewinds int
	then    string
}

func (c *changingLines) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		if c.rewinds++; c.rewinds == 2 {
			c.Reader.Reset(c.then)
		}
	}
	return c.Reader.Seek(offset, whence)
}

func TestSignerOfLinesThatChange(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	sig := &signer{key: s.Key()}
	c := s.Client(client.WithSigner(sig.sign))
	lines := &changingLines{Reader: strings.NewReader(`{"custom_id":"a","params":{}}`), then: `{"custom_id":"b","params":{}}`}
	if _, err := c.CreateLines(t.Context(), lines); err == nil || errors.As(err, new(*client.UncertainError)) || !strings.Contains(err.Error(), "have changed since they were checked") {
		t.Errorf("got %v", err)
	}
	if n := len(s.Calls(batchtest.Create)); n != 0 || sig.calls != 0 {
		t.Errorf("%d calls, %d signatures", n, sig.calls)
	}
}

// TestMemoryOfSignedCreates sends 250 MB. It is not parallel, because memory of other tests would count.
func TestMemoryOfSignedCreates(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector uses memory and time itself: make test runs this without it")
	}
	large := largeRequests(238)
	var size int64
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		n, err := io.Copy(io.Discard, r.Body)
		size = n
		return jsonResponse(r, 200, `{"id":"b","type":"message_batch"}`), err
	})
	c, err := client.New(client.WithoutEnvironment(), client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithSigner(func(r *http.Request, _ [sha256.Size]byte) error { r.Header.Set("authorization", "signed"); return nil }))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got := memtest.Peak(func() { err = second(c.Create(t.Context(), large)) })
	if err != nil || size < 249e6 || got > 32<<20 {
		t.Errorf("%d bytes in %d MiB, %v", size, got>>20, err)
	}
	t.Logf("%d bytes in %d MiB and %s", size, got>>20, time.Since(began))
}
