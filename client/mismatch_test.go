package client_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestResponsesAboutOtherBatches makes the service respond with a colleague's batch, once and always.
func TestResponsesAboutOtherBatches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op   batchtest.Op
		call func(*testing.T, *client.Client, string) (id string, err error)
	}{
		"Get": {batchtest.Get, func(t *testing.T, c *client.Client, id string) (string, error) {
			return idOf(c.Get(t.Context(), id))
		}},
		"Wait": {batchtest.Get, func(t *testing.T, c *client.Client, id string) (string, error) {
			return idOf(c.Wait(t.Context(), id))
		}},
		"Cancel": {batchtest.Cancel, func(t *testing.T, c *client.Client, id string) (string, error) {
			return idOf(c.Cancel(t.Context(), id))
		}},
		"Delete": {batchtest.Delete, func(t *testing.T, c *client.Client, id string) (string, error) {
			return id, c.Delete(t.Context(), id)
		}},
		"Results": {batchtest.Get, func(t *testing.T, c *client.Client, id string) (string, error) {
			results, _, err := collect(t, c.Results(t.Context(), id))
			for _, item := range results {
				if !strings.HasPrefix(item.CustomID, "r") {
					t.Errorf("%s is a colleague's", item.CustomID)
				}
			}
			return id, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
				other := s.Seed(2, time.Time{}).ID
				id := create(t, c, 2).ID
				if tt.op == batchtest.Delete || name == "Results" {
					s.Advance(2 * time.Hour)
				}
				s.Inject(tt.op, batchtest.OtherID(other))
				if got, err := tt.call(t, c, id); err != nil || got != id {
					t.Errorf("once: got %s, %v", got, err)
				}
				if n := len(s.Calls(tt.op)); n < 2 {
					t.Errorf("%d calls", n)
				}
				if tt.op != batchtest.Get || name == "Wait" {
					return
				}
				s.Inject(tt.op, batchtest.Times(5, batchtest.OtherID(other))...)
				_, err := tt.call(t, c, id)
				var apiErr *client.APIError
				if !errors.As(err, &apiErr) || !strings.Contains(err.Error(), "another batch") || apiErr.Attempts != 5 {
					t.Errorf("always: got %v", err)
				}
			})
		})
	}
}

func idOf(b *client.Batch, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return b.ID, nil
}

// TestPropertiesAreReadByTheirExactCase puts properties in another case beside those of the contract, or in place of them.
func TestPropertiesAreReadByTheirExactCase(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op              batchtest.Op
		property, value string
	}{
		"counts/fewer":  {batchtest.Get, "Request_Counts", `{"succeeded":2}`},
		"counts/none":   {batchtest.Get, "REQUEST_COUNTS", `null`},
		"status":        {batchtest.Get, "Processing_Status", `"in_progress"`},
		"archived":      {batchtest.Get, "Archived_At", `"2026-11-20T10:00:00Z"`},
		"id":            {batchtest.Get, "Id", `"msgbatch_other"`},
		"type":          {batchtest.Get, "Type", `"error"`},
		"error":         {batchtest.Get, "Error", `{"type":"not_found_error","message":"Gone."}`},
		"list/data":     {batchtest.List, "Data", `[]`},
		"list/has_more": {batchtest.List, "Has_More", `true`},
		"list/last_id":  {batchtest.List, "Last_ID", `"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(0))
			c := s.Client()
			batch := create(t, c, 3)
			s.Inject(tt.op, batchtest.Malformed(tt.property, tt.value))
			if tt.op == batchtest.List {
				var ids []string
				for b, err := range c.List(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, b.ID)
				}
				if len(ids) != 1 || ids[0] != batch.ID {
					t.Errorf("listed %v", ids)
				}
				return
			}
			s.Inject(batchtest.Results, batchtest.Lose(2), batchtest.Lose(2)) // the counts must show it
			results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
			if len(results) != 2 || len(damaged) != 0 || !isIncomplete(2, 3)(err) {
				t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
			}
		})
	}
}
