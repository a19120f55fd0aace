package store_test

import (
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/store"
	"github.com/seed-111a911e/messagebatches/jobs/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return store.NewMemory() }, nil)
}
