package conformance_test

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/conformance/internal/migrating"
)

// TestMigratingShowsThisCode checks that each block of Go code in MIGRATING.md is in package migrating.
func TestMigratingShowsThisCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../MIGRATING.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("internal/migrating/migrating.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 16 {
		t.Errorf("there are %d blocks", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(string(source), "\n"+block[1]) {
			t.Errorf("this code is not in package migrating:\n%s", block[1])
		}
	}
}

// TestMigrating runs both sides of MIGRATING.md against the fake.
func TestMigrating(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	sdk := anthropic.NewClient(option.WithAPIKey(service.Key()), option.WithBaseURL(service.URL()), option.WithHTTPClient(service.HTTPClient()))
	c := service.Client()
	ctx := t.Context()
	theirID, err := migrating.CreateTheirs(ctx, sdk)
	if err != nil {
		t.Fatal(err)
	}
	ourID, err := migrating.CreateOurs(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	calls := service.Calls(batchtest.Create)
	if their, our := calls[0].Header.Get("anthropic-beta"), calls[1].Header.Get("anthropic-beta"); their != our || our == "" {
		t.Errorf("the creates have the betas %q and %q", their, our)
	}
	for name, err := range map[string]error{
		"wait": errors.Join(migrating.WaitTheirs(ctx, sdk, theirID), migrating.WaitOurs(ctx, c, ourID)),
		"list": errors.Join(migrating.ListTheirs(ctx, sdk), migrating.ListOurs(ctx, c)),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(migrating.ResultsTheirs(ctx, sdk, theirID), migrating.ResultsOurs(ctx, c, ourID)); err != nil {
		t.Error(err)
	}
	if err := migrating.CancelTheirs(ctx, sdk, theirID); err == nil {
		t.Error("SDK: canceling a batch that has ended is not an error")
	}
	if err := migrating.CancelOurs(ctx, c, ourID); err != nil {
		t.Error(err)
	}
	if err := errors.Join(migrating.DeleteTheirs(ctx, sdk, theirID), migrating.DeleteOurs(ctx, c, ourID)); err != nil {
		t.Error(err)
	}
	if _, err := sdk.Beta.Messages.Batches.Get(ctx, ourID, anthropic.BetaMessageBatchGetParams{}); migrating.ErrorTheirs(err) == nil {
		t.Error("the batch is not deleted")
	}
	if _, err := c.Get(ctx, theirID); migrating.ErrorOurs(err) == nil {
		t.Error("the batch is not deleted")
	}
}

// TestBridgeOfRequests sends each sample of a create call, in the types of the SDK, with the SDK and through the
// bridge: the bodies must be the same JSON.
func TestBridgeOfRequests(t *testing.T) {
	t.Parallel()
	var wire wiretap
	sdk := anthropic.NewClient(option.WithAPIKey("key"), option.WithHTTPClient(&wire), option.WithMaxRetries(0))
	c, err := client.New(client.WithAPIKey("key"), client.WithHTTPClient(wire.client()))
	if err != nil {
		t.Fatal(err)
	}
	samples := newCorpus("BetaCreateMessageBatchParams")
	for _, s := range samples {
		var params anthropic.BetaMessageBatchNewParams
		if err := params.UnmarshalJSON(s.json()); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if _, err := sdk.Beta.Messages.Batches.New(t.Context(), params); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		direct := show(decoded(t, wire.body))
		if _, err := migrating.BridgeRequests(t.Context(), c, params); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if bridged := show(decoded(t, wire.body)); bridged != direct {
			t.Errorf("%s: the bridge sends\n%s\nthe SDK\n%s", s.name, bridged, direct)
		}
	}
	t.Logf("%d samples", len(samples))
}

// TestBridgeOfItems reads each sample of a result with our client, and compares it, in the types of the SDK, with what
// the SDK itself reads.
func TestBridgeOfItems(t *testing.T) {
	t.Parallel()
	samples := newCorpus("BetaMessageBatchIndividualResponse")
	for _, s := range samples {
		item := client.ParseItem(s.json(), 1)
		bridged, err := migrating.BridgeItem(&item)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		var direct anthropic.BetaMessageBatchIndividualResponse
		if err := json.Unmarshal(s.json(), &direct); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if show(decoded(t, []byte(bridged.RawJSON()))) != show(decoded(t, []byte(direct.RawJSON()))) || bridged.CustomID != direct.CustomID || bridged.Result.Type != direct.Result.Type {
			t.Errorf("%s: the bridge reads\n%s\nthe SDK\n%s", s.name, bridged.RawJSON(), direct.RawJSON())
		}
	}
	t.Logf("%d samples", len(samples))
}
