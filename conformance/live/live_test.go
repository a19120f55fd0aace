package live

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

const key = "sk-ant-api03-of-the-test"

// optionsFor returns options that reach a service inside the process.
func optionsFor(s *batchtest.Service) Options {
	return Options{
		Client:    []client.Option{client.WithoutEnvironment(), client.WithAPIKey(s.Key()), client.WithBaseURL(s.URL())},
		Transport: s.HTTPClient().Transport,
		SkipLarge: true,
	}
}

// newService returns a service whose batches take a minute.
func newService(t *testing.T, opts ...batchtest.Option) *batchtest.Service {
	return batchtest.New(t, append([]batchtest.Option{batchtest.WithKey(key), batchtest.WithDuration(time.Minute)}, opts...)...)
}

// runOn runs the script on a service in a bubble.
func runOn(t *testing.T, s *batchtest.Service) *Record {
	t.Helper()
	r, err := Run(t.Context(), optionsFor(s))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// result returns the results of a step.
func result(t *testing.T, r *Record, name string) []string {
	t.Helper()
	for _, s := range r.run.steps {
		if s.name == name {
			return s.saw
		}
	}
	t.Fatalf("there is no step %s", name)
	return nil
}

// TestAgainstTheFake runs the whole script: the fake must not differ from the contract or from itself.
func TestAgainstTheFake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		r := runOn(t, s)
		if diff := cmp.Diff([][]string{nil, nil, nil}, [][]string{r.contractDiffers, r.fakeDiffers, r.Failed()}); diff != "" {
			t.Error(diff)
		}
		for _, step := range r.run.steps {
			if step.skipped != "" {
				t.Errorf("%s was skipped: %s", step.name, step.skipped)
			}
		}
		if diff := cmp.Diff([]string{"request 0: succeeded", "request 1: succeeded", "request 2: errored invalid_request_error"}, result(t, r, "results")); diff != "" {
			t.Error(diff)
		}
		if left := s.Batches(); len(left) != 0 {
			t.Errorf("left behind: %+v", left)
		}
		creates := s.Calls(batchtest.Create)
		if len(creates) != 5 { // a beta, an ID twice, an invalid body, two batches
			t.Errorf("%d creates, want 5", len(creates))
		}
		if cost, most := r.run.totals, r.Markdown(); cost.IsZero() || !strings.Contains(most, "for all 10 requests") {
			t.Errorf("the record has no cost:\n%s", most)
		}
	})
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// TestSockets runs the script, with the large bodies, over real connections, and over HTTP/2, which the service uses.
func TestSockets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		listen func(*batchtest.Service) (func() error, error)
		http   func(*batchtest.Service) *http.Client
		proto  string
	}{
		"HTTP/1.1": {
			func(s *batchtest.Service) (func() error, error) { return s.Listen("127.0.0.1:0") },
			func(*batchtest.Service) *http.Client { return &http.Client{} }, "`HTTP/1.1`",
		},
		"HTTP/2": {
			func(s *batchtest.Service) (func() error, error) { return s.ListenTLS("127.0.0.1:0") },
			(*batchtest.Service).TLSClient, "`HTTP/2.0`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithKey(key), batchtest.WithDuration(2*time.Second), batchtest.WithoutHistory())
			if _, err := tt.listen(s); err != nil {
				t.Fatal(err)
			}
			o := optionsFor(s)
			o.Transport, o.SkipLarge = tt.http(s).Transport, testing.Short() || raceDetector || name == "HTTP/1.1"
			o.Client = append(o.Client, client.WithPollInterval(100*time.Millisecond, 0))
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Concat(r.Failed(), r.fakeDiffers); got != nil {
				t.Errorf("got %q", got)
			}
			if text := r.Markdown(); !strings.Contains(text, "Protocols: "+tt.proto) {
				t.Errorf("not over %s:\n%s", tt.proto, text)
			}
			want := []string{"256,000,000 bytes: 400 invalid_request_error", "256,000,001 bytes: 413 request_too_large", "256 MB are 256,000,000 bytes"}
			if !o.SkipLarge {
				if diff := cmp.Diff(want, result(t, r, "too-large")); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestPrice checks the bound with the prices of a batch: half of $1 and $5 per million tokens.
func TestPrice(t *testing.T) {
	t.Parallel()
	cost, requests, day, err := Price()
	if err != nil || requests != 10 || !regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(day) {
		t.Fatal(cost, requests, day, err)
	}
	if least, most := 10*16*2.5e-6, 0.05; cost.Float64() <= least || cost.Float64() > most {
		t.Errorf("the price is $%s, want more than $%v and at most a few cents", cost, least)
	}
	one := newRequests("live-0123456789abcdef", "main", 1)
	text, _ := one[0].AppendJSON(nil)
	got, err := bound(one)
	if want := (float64(len(text)+framing)*1 + 16*5) / 2e6; err != nil || got.Float64() != want {
		t.Errorf("a request costs $%s, %v, want $%v", got, err, want)
	}
}
