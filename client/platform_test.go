package client_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestPlatformsWithoutBatches passes New the base URLs of platforms, some of which do not have Message Batches.
func TestPlatformsWithoutBatches(t *testing.T) {
	t.Parallel()
	const bedrock, vertex, foundry = "Amazon Bedrock", "Vertex AI", "Microsoft Foundry"
	for host, platform := range map[string]string{
		"bedrock-runtime.us-east-1.amazonaws.com":          bedrock,
		"bedrock-runtime-fips.us-gov-west-1.amazonaws.com": bedrock,
		"Bedrock-Mantle.us-west-2.api.aws./anthropic":      bedrock,
		"aiplatform.googleapis.com":                        vertex,
		"us-east5-aiplatform.googleapis.com":               vertex,
		"aiplatform.eu.rep.googleapis.com":                 vertex,
		"mine.services.ai.azure.com/anthropic":             foundry,
		"aws-external-anthropic.us-west-2.api.aws":         "",
		"claude.googleapis.com/v1/projects/p/locations/l":  "",
		"bedrock.gateway.example.com":                      "",
		"notaiplatform.example.com":                        "",
	} {
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL("https://"+host))
		if (err == nil) != (platform == "") || err != nil && !(strings.Contains(err.Error(), platform) && strings.Contains(err.Error(), ": use ")) {
			t.Errorf("%s: got %v, want %q", host, err, platform)
		}
	}
}

// TestClaudePlatformOnAWS uses an API key of that platform, which is sent as a bearer token, and a workspace.
func TestClaudePlatformOnAWS(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithKey("aws-api-key", "wrkspc_aws"))
	watch := watchOrigin(s)
	watch.origin = "https://aws-external-anthropic.us-west-2.api.aws"
	c := s.Client(client.WithBaseURL(watch.origin), client.WithAuthToken("aws-api-key"), client.WithWorkspace("wrkspc_aws"), client.WithHTTPClient(&http.Client{Transport: watch}))
	batch := create(t, c, 2)
	if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(time.Nanosecond, time.Nanosecond)); err != nil {
		t.Error(err)
	}
	wantResults(t, 2, c.Results(t.Context(), batch.ID))
	for _, call := range s.Calls("") {
		if call.Header.Get("authorization") != "Bearer aws-api-key" || call.Header.Get("anthropic-workspace-id") != "wrkspc_aws" || call.Header.Get("x-api-key") != "" {
			t.Errorf("%s has the headers %v", call.Op, call.Header)
		}
	}
	watch.check(t)
}
