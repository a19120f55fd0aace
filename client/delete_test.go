package client_test

import (
	"errors"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestDeleteAfterALostResponse(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		s.Inject(batchtest.Delete, batchtest.DropAfter())
		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Errorf("the batch was deleted, but: %v", err)
		}
		if err := c.Delete(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDeleteReportsNotFoundOfAGateway loses a delete and makes a gateway respond to the next attempt: its 404 does not
// prove that the batch was deleted.
func TestDeleteReportsNotFoundOfAGateway(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		s.Inject(batchtest.Delete, batchtest.DropBefore(), batchtest.Status(404, "<html>"))
		if err := c.Delete(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) || len(s.Batches()) != 1 {
			t.Errorf("got %v, and %d batches", err, len(s.Batches()))
		}
	})
}

// TestDeleteOutlastsAMissingBatch makes the service not find an existing batch for some attempts.
func TestDeleteOutlastsAMissingBatch(t *testing.T) {
	t.Parallel()
	missing := batchtest.Fail(404, "not_found_error", "Not found.")
	for name, faults := range map[string][]batchtest.Fault{
		"at once":           batchtest.Times(4, missing),
		"after a lost call": append([]batchtest.Fault{batchtest.DropBefore()}, batchtest.Times(3, missing)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
				batch := create(t, c, 1)
				s.Inject(batchtest.Delete, faults...)
				if err := c.Delete(t.Context(), batch.ID); err != nil || len(s.Batches()) != 0 {
					t.Errorf("got %v, and %d batches", err, len(s.Batches()))
				}
			})
		})
	}
}
