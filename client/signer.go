package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// WithSigner authenticates by signing each request, in place of a secret in a header. sign is called before each attempt
// and adds the signature to the headers. It receives the SHA-256 of the body; it must not read the body or change anything
// else. A create reads its requests once more to compute the hash, so that the body is never in memory. After a 401 the
// call is retried once with a new signature. An error of sign is treated like a lost connection. Concurrent calls call sign
// concurrently.
func WithSigner(sign func(r *http.Request, bodySHA256 [sha256.Size]byte) error) Option {
	return clientOption(func(c *config) error {
		if sign == nil {
			return errors.New("signer is nil")
		}
		c.credential = credential{kind: "signature", sign: sign, refresh: true}
		return nil
	})
}

// sumBody returns the SHA-256 of a create's body, if the credential needs it.
func (c *Client) sumBody(ctx context.Context, src source, size int64) (*[sha256.Size]byte, error) {
	if c.s().credential.sign == nil {
		return nil, nil
	}
	body := newBatchBody(ctx, src, size, nil)
	defer body.finish()
	return hashOf(body)
}

func hashOf(r io.Reader) (*[sha256.Size]byte, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return nil, err
	}
	return (*[sha256.Size]byte)(h.Sum(nil)), nil
}

// signRequest signs a request that has all its other headers, if the credential is a signer.
func (c *Client) signRequest(req *http.Request, cl *call) error {
	sign, bodySum := c.s().credential.sign, cl.bodySum
	if sign == nil {
		return nil
	}
	if bodySum == nil { // for a read, or for the raw client
		var body io.ReadCloser = http.NoBody
		if req.Body != nil && req.Body != http.NoBody {
			if req.GetBody == nil {
				return localError{errors.New("a body that can be read only once cannot be signed: use Create or CreateLines")}
			}
			var err error
			if body, err = req.GetBody(); err != nil {
				return localError{foreign.Error(err)}
			}
		}
		defer body.Close()
		var err error
		if bodySum, err = hashOf(body); err != nil {
			return localError{foreign.Error(err)}
		}
	}
	if err := sign(req, *bodySum); err != nil {
		return fmt.Errorf("%s: %w", c.s().credential.kind, foreign.Error(err))
	}
	return nil
}
