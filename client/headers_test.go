package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client(
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
		t.Errorf("options of one call apply to the next: %s", got)
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

func TestOptionsOverrideHeadersOfTheEnvironment(t *testing.T) {
	s := batchtest.New(t)
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "x-api-key: wrong\nanthropic-version: 2026-10-21\nanthropic-workspace-id: w\nx-extra: 1")
	c, err := client.New(client.WithAPIKey(s.Key()), client.WithBaseURL(s.URL()), client.WithHTTPClient(s.HTTPClient()), client.WithVersion(gen.AnthropicVersionV20230601))
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, 1)
	h := s.Calls(batchtest.Create)[0].Header
	got := fmt.Sprint(h.Get("x-api-key") == s.Key(), h.Get("anthropic-version"), h.Get("anthropic-workspace-id"), h.Get("x-extra"))
	if got != "true2023-06-01w1" && got != "true 2023-06-01 w 1" {
		t.Errorf("got %s", got)
	}
}
