package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// newClient returns a client of a service.
func newClient(t testing.TB, s *batchtest.Service, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithoutEnvironment(),
		client.WithAPIKey(s.Key()),
		client.WithBaseURL(s.URL()),
		client.WithHTTPClient(s.HTTPClient()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// requests returns n good requests, r0 and so on.
func requests(n int) []client.Request {
	r := make([]client.Request, n)
	for i := range r {
		r[i] = client.Request{
			CustomID: fmt.Sprintf("r%d", i),
			Params: client.Params{
				Model: gen.ModelClaudeOpus5, MaxTokens: 1024,
				Messages: []client.InputMessage{client.UserText(fmt.Sprintf("Hello, number %d", i))},
			},
		}
	}
	return r
}

func create(t testing.TB, c *client.Client, n int, opts ...client.CallOption) *client.Batch {
	t.Helper()
	b, err := c.Create(t.Context(), client.BatchParams{Requests: requests(n)}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		s.Answer("r1", batchtest.Errored(&gen.BetaRateLimitError{Message: "Slow down."}))
		c := newClient(t, s)
		batch := create(t, c, 3)
		if batch.ID == "" || batch.Ended() || batch.RequestCounts.Processing != 3 || len(batch.Raw) == 0 {
			t.Errorf("create gives %+v", batch)
		}

		for _, err := range c.Results(t.Context(), batch.ID) {
			if !errors.Is(err, client.ErrNotEnded) {
				t.Errorf("results before the end: got %v", err)
			}
		}

		began, polls := time.Now(), 0
		batch, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{OnPoll: func(*client.Batch) { polls++ }})
		if err != nil || !batch.Ended() {
			t.Fatalf("wait gives %+v, %v", batch, err)
		}
		if took := time.Since(began); took < time.Hour || took > time.Hour+2*time.Minute {
			t.Errorf("waited %v for a batch of an hour", took)
		}
		if polls < 55 || polls > 80 {
			t.Errorf("%d polls", polls)
		}

		texts := make(map[string]string)
		for item, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if err := item.Err(); err != nil {
				texts[item.CustomID] = err.Error()
				var limited *gen.BetaRateLimitError
				if !errors.As(err, &limited) || limited.Message != "Slow down." {
					t.Errorf("errors.As does not find the variant in %v", err)
				}
				if !errors.Is(err, client.ErrRateLimited) || errors.Is(err, client.ErrOverloaded) {
					t.Errorf("errors.Is takes %v for another kind", err)
				}
				continue
			}
			texts[item.CustomID] = item.Message().Content[0].(*gen.BetaTextBlock).Text
		}
		want := map[string]string{
			"r0": "You said: Hello, number 0",
			"r1": `request "r1": rate_limit_error: Slow down.`,
			"r2": "You said: Hello, number 2",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Error(diff)
		}

		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		if _, err := c.Get(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
	})
}

func TestWrongParamsComeBackAsErroredResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		c := newClient(t, s)
		bad := requests(1)
		bad[0].Params.MaxTokens = 0
		batch, err := c.Create(t.Context(), client.BatchParams{Requests: bad})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{}); err != nil {
			t.Fatal(err)
		}
		for item, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if err := item.Err(); !errors.Is(err, client.ErrInvalidRequest) || !strings.Contains(err.Error(), "max_tokens") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		c := newClient(t, s)
		batch := create(t, c, 4)
		s.Advance(31 * time.Minute)
		batch, err := c.Cancel(t.Context(), batch.ID)
		if err != nil || batch.ProcessingStatus != gen.BetaMessageBatchProcessingStatusCanceling {
			t.Fatalf("got %+v, %v", batch, err)
		}
		batch, err = c.Wait(t.Context(), batch.ID, client.WaitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := (gen.BetaRequestCounts{Succeeded: 2, Canceled: 2}); batch.RequestCounts != want {
			t.Errorf("got %+v, want %+v", batch.RequestCounts, want)
		}
		for item, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if item.Message() == nil && !errors.Is(item.Err(), client.ErrCanceled) {
				t.Errorf("got %v", item.Err())
			}
		}
		again, err := c.Cancel(t.Context(), batch.ID)
		if err != nil || !again.Ended() {
			t.Errorf("cancel after the end gives %+v, %v; want the batch", again, err)
		}
	})
}

func TestExpiryAndArchive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(48*time.Hour))
		c := newClient(t, s)
		batch := create(t, c, 2)
		batch, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{MaxInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if want := (gen.BetaRequestCounts{Succeeded: 1, Expired: 1}); batch.RequestCounts != want {
			t.Errorf("got %+v, want %+v", batch.RequestCounts, want)
		}
		s.Advance(30 * 24 * time.Hour)
		for _, err := range c.Results(t.Context(), batch.ID) {
			if !errors.Is(err, client.ErrResultsGone) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := newClient(t, s)
	var want []string
	for range 7 {
		want = append([]string{create(t, c, 1).ID}, want...) // newest first
	}
	list := func(o client.ListOptions) (got []string) {
		t.Helper()
		for b, err := range c.List(t.Context(), o) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.ID)
		}
		return got
	}
	for name, tt := range map[string]struct {
		options client.ListOptions
		want    []string
		calls   int
	}{
		"one page":      {client.ListOptions{}, want, 1},
		"pages":         {client.ListOptions{PageSize: 3}, want, 3},
		"last is full":  {client.ListOptions{PageSize: 7}, want, 1},
		"after":         {client.ListOptions{PageSize: 2, AfterID: want[3]}, want[4:], 2},
		"after last":    {client.ListOptions{AfterID: want[6]}, nil, 1},
		"before":        {client.ListOptions{PageSize: 2, BeforeID: want[3]}, []string{want[1], want[2], want[0]}, 2},
		"before newest": {client.ListOptions{BeforeID: want[0]}, nil, 1},
	} {
		before := len(s.Calls(batchtest.List))
		if diff := cmp.Diff(tt.want, list(tt.options)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if calls := len(s.Calls(batchtest.List)) - before; calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", name, calls, tt.calls)
		}
	}
	for range c.List(t.Context(), client.ListOptions{PageSize: 1}) {
		break // leaving early asks for no more
	}
}

// TestWrongInput checks that what cannot work is refused before anything is sent.
func TestWrongInput(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := newClient(t, s)
	ctx := t.Context()
	params := func(change func([]client.Request)) client.BatchParams {
		r := requests(2)
		change(r)
		return client.BatchParams{Requests: r}
	}
	first := func(seq func(func(*client.Item, error) bool)) (err error) {
		for _, e := range seq {
			err = e
		}
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"create/no requests":     {second(c.Create(ctx, client.BatchParams{})), "1 to 100000 requests, not 0"},
		"create/too many":        {second(c.Create(ctx, client.BatchParams{Requests: make([]client.Request, 100_001)})), "1 to 100000 requests, not 100001"},
		"create/empty id":        {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = "" }))), "request 1: custom_id: it "},
		"create/long id":         {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = strings.Repeat("x", 65) }))), "request 1: custom_id: it "},
		"create/odd id":          {second(c.Create(ctx, params(func(r []client.Request) { r[0].CustomID = "a b" }))), "request 0: custom_id: it must"},
		"create/same id":         {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = "r0" }))), "request 1: custom_id: it is that of request 0 too"},
		"create/invalid UTF-8":   {second(c.Create(ctx, params(func(r []client.Request) { r[1].Params.Messages[0] = client.UserText("\xff") }))), "request 1: encode JSON at /params/messages/0/content"},
		"create/too large":       {second(c.Create(ctx, params(func(r []client.Request) { r[1].Params.Messages[0] = client.UserText(strings.Repeat("x", 256_000_000)) }))), "256000000 are allowed: split it"},
		"create/empty beta":      {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas(""))), "beta is empty"},
		"create/beta with comma": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a,b"))), "comma"},
		"create/beta with space": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a b"))), "malformed"},
		"create/beta with break": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a\r\nx-evil: 1"))), "malformed"},
		"get/empty id":           {second(c.Get(ctx, "")), "batch id is empty"},
		"get/dots":               {second(c.Get(ctx, "..")), "dot segment"},
		"get/slash":              {second(c.Get(ctx, "a/b")), "slash"},
		"get/break":              {second(c.Get(ctx, "a\nb")), "control character"},
		"cancel/empty id":        {second(c.Cancel(ctx, "")), "batch id is empty"},
		"delete/slash":           {c.Delete(ctx, "../a"), "slash"},
		"results/empty id":       {first(c.Results(ctx, "")), "batch id is empty"},
		"wait/empty id":          {second(c.Wait(ctx, "", client.WaitOptions{})), "batch id is empty"},
		"raw/empty id":           {second(c.Raw().RetrieveMessageBatch(ctx, "", nil)), "leaves the path"},
		"raw/dots":               {second(c.Raw().RetrieveMessageBatch(ctx, "..", nil)), "leaves the path"},
		"raw/dots before cancel": {second(c.Raw().CancelMessageBatch(ctx, "..", nil)), "leaves the path"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, tt.err, tt.want)
		}
	}
	for _, op := range []batchtest.Op{batchtest.Create, batchtest.Retrieve, batchtest.Cancel, batchtest.Delete, batchtest.List, batchtest.Results} {
		if n := len(s.Calls(op)); n != 0 {
			t.Errorf("%d calls of %s were sent", n, op)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestNew(t *testing.T) {
	const key = "sk-ant-planted"
	for name, tt := range map[string]struct {
		env     map[string]string
		options []client.Option
		want    string // of the error, or of String
	}{
		"no key":             {nil, nil, "no credential: set ANTHROPIC_API_KEY"},
		"key of environment": {map[string]string{"ANTHROPIC_API_KEY": key}, nil, "https://api.anthropic.com/ with API key"},
		"token":              {map[string]string{"ANTHROPIC_AUTH_TOKEN": key}, nil, "with auth token"},
		"key before token":   {map[string]string{"ANTHROPIC_AUTH_TOKEN": key, "ANTHROPIC_API_KEY": key}, nil, "with API key"},
		"option silences":    {map[string]string{"ANTHROPIC_API_KEY": key}, []client.Option{client.WithAuthToken(key)}, "with auth token"},
		"no environment":     {map[string]string{"ANTHROPIC_API_KEY": key}, []client.Option{client.WithoutEnvironment()}, "no credential"},
		"empty key":          {nil, []client.Option{client.WithAPIKey("")}, "API key is empty"},
		"key with break":     {map[string]string{"ANTHROPIC_API_KEY": key + "\n"}, nil, "ANTHROPIC_API_KEY: API key begins or ends with white space"},
		"key with control":   {nil, []client.Option{client.WithAPIKey("a\x00b")}, "control character"},
		"base URL":           {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "https://gateway.example.com/llm"}, nil, "https://gateway.example.com/llm/ with"},
		"base URL plain":     {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://gateway.example.com"}, nil, "WithInsecureHTTP"},
		"base URL insecure":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://gateway.example.com"}, []client.Option{client.WithInsecureHTTP()}, "http://gateway.example.com/ with"},
		"base URL loopback":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://127.0.0.1:4010"}, nil, "http://127.0.0.1:4010/ with"},
		"base URL user":      {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("https://me:" + key + "@example.com")}, "holds a user name or password"},
		"base URL garbage":   {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("::" + key)}, "must begin with https://"},
		"base URL no scheme": {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "localhost:4010"}, nil, "ANTHROPIC_BASE_URL: base URL must begin with https://"},
		"base URL scheme":    {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("ftp://example.com")}, "must begin with https://"},
		"headers":            {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_CUSTOM_HEADERS": "x-a: " + key + "\n\nanthropic-beta: b-1"}, nil, "with API key"},
		"headers malformed":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_CUSTOM_HEADERS": key}, nil, "ANTHROPIC_CUSTOM_HEADERS: each line must have the form"},
		"header of net":      {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("content-length", "1")}, "belongs to the connection"},
		"header of packing":  {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("accept-encoding", "gzip")}, "belongs to the connection"},
		"header injection":   {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("x-a", "1\r\nx-b: "+key)}, "control character"},
		"several errors":     {nil, []client.Option{client.WithBetas("a b"), client.WithUserAgent("\n")}, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS"} {
				t.Setenv(v, "")
				os.Unsetenv(v)
			}
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			c, err := client.New(tt.options...)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = c.String()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			printed := got + fmt.Sprintf("%v %+v %#v %s", c, c, c, c) + fmt.Sprintf("%+v %#v", tt.options, tt.options)
			if c != nil {
				printed += fmt.Sprintf("%v %+v %#v", *c, *c, *c)
			}
			if strings.Contains(printed, key) {
				t.Errorf("the secret shows: %s", printed)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := newClient(t, s,
		client.WithBetas(gen.AnthropicBetaOutput300K20260324, gen.AnthropicBetaFilesAPI20250414),
		client.WithHeader("x-tag", "of client"), client.WithHeader("x-other", "1"),
		client.WithWorkspace("wrkspc_1"), client.WithUserProfile("uprof_1"), client.WithUserAgent("report/1"))
	var response client.Response
	create(t, c, 1,
		client.WithBetas(gen.AnthropicBetaFilesAPI20250414, gen.AnthropicBetaTaskBudgets20260313),
		client.WithHeader("x-tag", "of call"), client.WithVersion(gen.AnthropicVersionV20261021), client.WithResponse(&response))
	create(t, c, 1)
	calls := s.Calls(batchtest.Create)
	for name, want := range map[string]string{
		"anthropic-beta":            "output-300k-2026-03-24,files-api-2025-04-14,task-budgets-2026-03-13",
		"anthropic-version":         "2026-10-21",
		"anthropic-workspace-id":    "wrkspc_1",
		"anthropic-user-profile-id": "uprof_1",
		"x-tag":                     "of call",
		"x-other":                   "1",
		"x-api-key":                 s.Key(),
		"content-type":              "application/json",
		"user-agent":                "report/1 messagebatches-go/" + client.Version,
	} {
		if got := calls[0].Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := calls[1].Header.Get("anthropic-beta") + " " + calls[1].Header.Get("anthropic-version") + " " + calls[1].Header.Get("x-tag"); got != "output-300k-2026-03-24,files-api-2025-04-14 2023-06-01 of client" {
		t.Errorf("options of one call stay for the next: %s", got)
	}
	if calls[0].Query != "beta=true" {
		t.Errorf("got query %q", calls[0].Query)
	}
	if response.RequestID == "" || response.StatusCode != 200 || response.OrganizationID != "org_fake" {
		t.Errorf("got response %+v", response)
	}
	raw, err := c.Raw().ListMessageBatches(t.Context(), &gen.ListMessageBatchesParams{AnthropicBeta: []gen.AnthropicBeta{gen.AnthropicBetaSkills20251002}})
	if err != nil || raw.StatusCode != http.StatusOK {
		t.Fatal(raw, err)
	}
	raw.Body.Close()
	if got := s.Calls(batchtest.List)[0].Header.Get("anthropic-beta"); got != "output-300k-2026-03-24,files-api-2025-04-14,skills-2025-10-02" {
		t.Errorf("raw: got betas %q", got)
	}
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	tokens := []string{"stale", s.Key(), s.Key()}
	c := newClient(t, s, client.WithTokenSource(func(context.Context) (string, error) {
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}))
	create(t, c, 1)
	if n := len(s.Calls(batchtest.Create)); n != 2 || len(tokens) != 1 {
		t.Errorf("%d calls, %d tokens left", n, len(tokens))
	}
	broken := newClient(t, s, client.WithTokenSource(func(context.Context) (string, error) { return "", errors.New("vault is closed") }))
	if _, err := broken.Get(t.Context(), "b", once); err == nil || !strings.Contains(err.Error(), "token source: vault is closed") {
		t.Errorf("got %v", err)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	stop, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c, err := client.New(client.WithoutEnvironment(), client.WithAuthToken(s.Key()), client.WithBaseURL(s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	batch := create(t, c, 2000)
	n := 0
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Message() != nil {
			n++
		}
	}
	if n != 2000 {
		t.Errorf("%d results", n)
	}
}
