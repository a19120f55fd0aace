package live

import (
	"context"
	"io"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
)

// The limit of a body. The documentation says 256 MB without saying which kind of MB.
const (
	decimalMB = 256_000_000
	binaryMB  = 256 << 20
)

// tooLarge sends bodies around the limit. Their custom ID is invalid, so that the service refuses them whatever their
// size: 400 means that the size was accepted.
func (r *run) tooLarge(ctx context.Context) error {
	send := func(size int64) (string, error) {
		body, size := padded(size)
		e, err := r.probe(ctx, body, size, 0)
		got := outcome(e)
		r.saw(thousands(size)+" bytes", "%s", got)
		if e != nil && e.status == 0 {
			r.expect(false, "a body of %s bytes got no response, after %s bytes were sent", thousands(size), thousands(e.sent))
		}
		return got, err
	}
	got, err := send(client.MaxBytes)
	if err != nil {
		return err
	}
	r.expect(!strings.HasPrefix(got, "413"), "the client sends bodies of up to %s bytes, and the service says %s to one", thousands(client.MaxBytes), got)
	if got, err = send(decimalMB + 1); err != nil {
		return err
	}
	if strings.HasPrefix(got, "413") {
		r.note("256 MB are %s bytes", thousands(decimalMB))
		return nil
	}
	if got, err = send(binaryMB + 1); err != nil {
		return err
	}
	r.expect(strings.HasPrefix(got, "413"), "the contract says 413 for more than 256 MB, the service says %s to %s bytes", got, thousands(binaryMB+1))
	return nil
}

// padded returns a body of the given size that no service can accept, and its size.
func padded(size int64) (io.Reader, int64) {
	const head, tail = `{"requests":[{"custom_id":"not a custom id","params":{}}`, `]}`
	return io.MultiReader(strings.NewReader(head), io.LimitReader(spaces{}, size-int64(len(head)+len(tail))), strings.NewReader(tail)), size
}

// spaces is an endless reader of spaces.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
