package client_test

import (
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestOptionsOfOtherCalls passes each option to each call: one that does not apply to a call is an error that names it, and
// nothing is sent.
func TestOptionsOfOtherCalls(t *testing.T) {
	t.Parallel()
	const (
		all    = "Create CreateLines Get List Cancel Delete Results Wait Candidates Watermark "
		create = "Create CreateLines "
	)
	s := batchtest.New(t, batchtest.WithDuration(0))
	id := create1(t, s)
	for name, tt := range map[string]struct {
		option client.CallOption
		means  string // calls that it applies to
		new    bool   // it may be for all calls of a client
	}{
		"WithVersion":           {client.WithVersion(client.Version20261021), all, true},
		"WithBetas":             {client.WithBetas(client.BetaOutput300K), all, true},
		"WithHeader":            {client.WithHeader("x-team", "a"), all, true},
		"WithWorkspace":         {client.WithWorkspace("wrkspc_fake"), all, true},
		"WithResponse":          {client.WithResponse(new(client.Response)), all, false},
		"WithRetry":             {client.WithRetry(client.Retry{}), strings.Replace(all, "Wait ", "", 1), true},
		"WithUserProfile":       {client.WithUserProfile("u"), create, true},
		"WithAtLeastOnceCreate": {client.WithAtLeastOnceCreate(), create, true},
		"WithPreflight":         {client.WithPreflight(nil), create, true},
		"WithFence":             {client.WithFence(func() error { return nil }), create, false},
		"WithWatermark":         {client.WithWatermark(client.Watermark{}), create, false},
		"WithPageSize":          {client.WithPageSize(5), "List ", true},
		"WithAfter":             {client.WithAfter(id), "List ", false},
		"WithBefore":            {client.WithBefore(id), "List ", false},
		"WithPollInterval":      {client.WithPollInterval(1, 1), "Wait ", true},
		"OnPoll":                {client.OnPoll(func(*client.Batch) {}), "Wait ", true},
		"WithMaxLineBytes":      {client.WithMaxLineBytes(1 << 20), "Results ", true},
	} {
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), tt.option)
		if (err == nil) != tt.new || err != nil && !strings.Contains(err.Error(), name+" is for single calls") {
			t.Errorf("%s for New: %v", name, err)
		}
		for call := range strings.FieldsSeq(all) {
			s := batchtest.New(t, batchtest.WithDuration(0))
			id := create1(t, s)
			before := len(s.Calls(""))
			err := callWith(t, s.Client(), call, id, tt.option)
			if strings.Contains(tt.means, call+" ") {
				if err != nil && !strings.HasPrefix(name, "WithAfter") && !strings.HasPrefix(name, "WithBefore") {
					t.Errorf("%s for %s: %v", name, call, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), name+" does not apply to this call") || len(s.Calls("")) != before {
				t.Errorf("%s for %s: %v, %d calls", name, call, err, len(s.Calls(""))-before)
			}
		}
	}
}

func create1(t *testing.T, s *batchtest.Service) string {
	t.Helper()
	return create(t, s.Client(), 1).ID
}

// callWith makes a call with one option.
func callWith(t *testing.T, c *client.Client, call, id string, o client.CallOption) (err error) {
	t.Helper()
	ctx := t.Context()
	switch call {
	case "Create":
		_, err = c.Create(ctx, requests(1), o)
	case "CreateLines":
		_, err = c.CreateLines(ctx, strings.NewReader(jsonLines(t, requests(1))), o)
	case "Get":
		_, err = c.Get(ctx, id, o)
	case "List":
		for _, e := range c.List(ctx, o) {
			err = e
		}
	case "Cancel":
		_, err = c.Cancel(ctx, id, o)
	case "Delete":
		err = c.Delete(ctx, id, o)
	case "Results":
		for _, e := range c.Results(ctx, id, o) {
			err = e
		}
	case "Wait":
		_, err = c.Wait(ctx, id, o)
	case "Candidates":
		_, err = c.Candidates(ctx, client.Attempt{Requests: 1}, o)
	case "Watermark":
		_, err = c.Watermark(ctx, o)
	default:
		t.Fatal(call)
	}
	return err
}
