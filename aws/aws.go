// Package aws makes clients for Claude Platform on AWS, which serves the Message Batches API. They authenticate with
// AWS credentials:
//
//	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
//	if err != nil {
//		return err
//	}
//	c, err := aws.New(cfg, "wrkspc_...")
//
// Each request is signed with Signature Version 4. A create is signed while it is sent, request by request, so that its
// body is never in memory as a whole. Temporary credentials are refreshed by cfg; a batch may outlive them.
//
// API keys of the platform need neither a signature nor this package: pass them to [client.WithAuthToken] as bearer
// tokens, with the base URL of [BaseURL] and [client.WithWorkspace].
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

// Service is the service name in signatures.
const Service = "aws-external-anthropic"

// BaseURL returns the base URL of Claude Platform on AWS in a region such as us-west-2.
func BaseURL(region string) string { return fmt.Sprintf("https://%s.%s.api.aws", Service, region) }

// New returns a client for a workspace in the region of cfg. An empty workspace means that of
// ANTHROPIC_AWS_WORKSPACE_ID. The base URL is that of ANTHROPIC_AWS_BASE_URL, or else [BaseURL]. Of the variables that
// package client reads, New uses only ANTHROPIC_CUSTOM_HEADERS. The given options are applied last. New sends nothing.
func New(cfg aws.Config, workspace string, opts ...client.Option) (*client.Client, error) {
	workspace = cmp.Or(workspace, os.Getenv("ANTHROPIC_AWS_WORKSPACE_ID"))
	switch {
	case cfg.Region == "":
		return nil, errors.New("new client on AWS: no region: set AWS_REGION, or Region of the configuration")
	case strings.Trim(cfg.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(cfg.Region) > 32:
		return nil, errors.New("new client on AWS: the region is malformed: use one such as us-west-2")
	case cfg.Credentials == nil:
		return nil, errors.New("new client on AWS: the configuration has no credentials")
	case workspace == "":
		return nil, errors.New("new client on AWS: no workspace: pass one, or set ANTHROPIC_AWS_WORKSPACE_ID")
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
			return fmt.Errorf("AWS credentials: %w", err)
		}
		return sign(r.Context(), signer, secret, r, bodySHA256, cfg.Region)
	}
}

// sign signs the headers that the service checks. Others may be changed in transit, by tracing or by a gateway.
func sign(ctx context.Context, signer *v4.Signer, secret aws.Credentials, r *http.Request, sum [sha256.Size]byte, region string) error {
	signed := r.Clone(ctx)
	for name := range signed.Header {
		if name != "Content-Type" && !strings.HasPrefix(name, "Anthropic-") {
			delete(signed.Header, name)
		}
	}
	signed.ContentLength = 0 // the hash of the body covers it
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
