package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A workload on a platform that issues identity tokens needs no key. On Kubernetes, IdentityTokenFile is the file that
// holds the token.
func ExampleWithFederation() {
	service := batchtest.Start()
	c := service.Client(client.WithFederation(client.Federation{
		RuleID:           "fdrl_1",
		OrganizationID:   "0b0c2f2e-6d5b-4b5e-9d0a-8a0f3c1d2e3f",
		ServiceAccountID: "svac_1",
		IdentityToken: func(context.Context) (string, error) {
			return "the token of the workload", nil // from the platform
		},
	}))
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	if _, err := c.Create(context.Background(), requests); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
	fmt.Println(len(service.Batches()), "batch")
	// Output:
	// messagebatches client of http://localhost/ with workload identity
	// 1 batch
}

// Profiles are written by ant auth login. Without an option New uses the active one, if the environment has no credential.
func ExampleWithProfile() {
	service := batchtest.Start()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("ANTHROPIC_CONFIG_DIR", dir)
	defer os.Unsetenv("ANTHROPIC_CONFIG_DIR")
	for name, text := range map[string]string{
		"configs/work.json":     `{"base_url": "` + service.URL() + `", "authentication": {"type": "user_oauth", "client_id": "cli"}}`,
		"credentials/work.json": `{"access_token": "an old one", "refresh_token": "r-1", "expires_at": 1767225600}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	c, err := client.New(client.WithProfile("work"), client.WithHTTPClient(service.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	if _, err := c.Create(context.Background(), requests); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
	fmt.Println(len(service.Batches()), "batch")
	// Output:
	// messagebatches client of http://localhost/ with profile work
	// 1 batch
}

// A signature authenticates in place of a secret. This one is made up; module aws has the signature of AWS.
func ExampleWithSigner() {
	service := batchtest.Start(batchtest.WithAnyKey())
	key := []byte("a key that is not sent")
	c := service.Client(client.WithSigner(func(r *http.Request, bodySHA256 [sha256.Size]byte) error {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s %s %x", r.Method, r.URL.Path, bodySHA256)
		r.Header.Set("Authorization", fmt.Sprintf("Bearer %x", mac.Sum(nil)))
		return nil
	}))
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	if _, err := c.Create(context.Background(), requests); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
	fmt.Println(len(service.Calls(batchtest.Create)[0].Header.Get("authorization")), "characters")
	// Output:
	// messagebatches client of http://localhost/ with signature
	// 71 characters
}
