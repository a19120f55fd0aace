// Package aws makes clients of Claude Platform on AWS, which serves the Message Batches API, that authenticate with
// credentials of AWS:
//
//	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
//	if err != nil {
//		return err
//	}
//	c, err := aws.New(cfg, "wrkspc_...")
//
// Each request is signed with Signature Version 4. A create is signed as it is sent, request by request: its body is never in
// memory. Temporary credentials are refreshed as cfg does it; a batch may run longer than they live.
//
// API keys of the platform need no signature, and not this package: they are bearer tokens, for [client.WithAuthToken],
// with the base URL of [BaseURL] and [client.WithWorkspace].
package aws

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/seed-111a911e/messagebatches/client"
)

// Service is the name of the service in signatures.
const Service = "aws-external-anthropic"

// BaseURL returns the base URL of Claude Platform on AWS in a region, such as us-west-2.
func BaseURL(region string) string { return fmt.Sprintf("https://%s.%s.api.aws", Service, region) }

// New returns a client of a workspace in the region of cfg. If workspace is empty, it is that of
// ANTHROPIC_AWS_WORKSPACE_ID. The base URL is that of ANTHROPIC_AWS_BASE_URL, or else [BaseURL]. Of the other variables of
// package client only ANTHROPIC_CUSTOM_HEADERS is read. opts are applied last. Nothing is sent.
func New(cfg aws.Config, workspace string, opts ...client.Option) (*client.Client, error) {
	workspace = cmp.Or(workspace, os.Getenv("ANTHROPIC_AWS_WORKSPACE_ID"))
	switch {
	case cfg.Region == "":
		return nil, errors.New("new client on AWS: the region is not known: set AWS_REGION, or Region of the configuration")
	case strings.Trim(cfg.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(cfg.Region) > 32:
		return nil, errors.New("new client on AWS: the region is malformed: it looks like us-west-2")
	case cfg.Credentials == nil:
		return nil, errors.New("new client on AWS: the configuration has no credentials")
	case workspace == "":
		return nil, errors.New("new client on AWS: the workspace is not known: pass it, or set ANTHROPIC_AWS_WORKSPACE_ID")
	}
	return client.New(append([]client.Option{
		client.WithBaseURL(cmp.Or(os.Getenv("ANTHROPIC_AWS_BASE_URL"), BaseURL(cfg.Region))),
		client.WithWorkspace(workspace),
		client.WithSigner(Signer(cfg)),
	}, opts...)...)
}

// Signer returns a signer for [client.WithSigner]. It uses the credentials and the region of cfg, and is safe for concurrent
// use.
func Signer(cfg aws.Config) func(r *http.Request, bodySHA256 [sha256.Size]byte) error {
	signer, credentials := v4.NewSigner(), cfg.Credentials
	if _, cached := credentials.(*aws.CredentialsCache); !cached {
		credentials = aws.NewCredentialsCache(credentials)
	}
	return func(r *http.Request, bodySHA256 [sha256.Size]byte) error {
		secret, err := credentials.Retrieve(r.Context())
		if err != nil {
			return fmt.Errorf("credentials of AWS: %w", err)
		}
		return sign(r.Context(), signer, secret, r, bodySHA256, cfg.Region)
	}
}

// sign signs the headers that the service looks at. Others may be changed on the way, by tracing or by a gateway.
func sign(ctx context.Context, signer *v4.Signer, secret aws.Credentials, r *http.Request, sum [sha256.Size]byte, region string) error {
	signed := r.Clone(ctx)
	for name := range signed.Header {
		if name != "Content-Type" && !strings.HasPrefix(name, "Anthropic-") {
			delete(signed.Header, name)
		}
	}
	signed.ContentLength = 0 // the hash of the body says more
	if err := signer.SignHTTP(ctx, secret, signed, hex.EncodeToString(sum[:]), Service, region, time.Now()); err != nil {
		return err
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		r.Header.Del(name)
		if value := signed.Header.Get(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return nil
}
