package jobs

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestDescription: everything that rebuilding needs is on the disk before anything is sent.
func TestDescription(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.service.Seed(5, time.Now().Add(-time.Hour))
		w.die(point{"before commit of (*engine).admit", 1})
		w.disk.losePower()
		file := w.disk.now["/job/job.json"]
		if file == nil {
			t.Fatal("job.json does not exist")
		}
		var got description
		if err := json.Unmarshal(file.data, &got); err != nil {
			t.Fatal(err)
		}
		if got.Input == nil || got.Input.SHA256 == "" || got.Service == nil || got.Service.Organization == "" || got.Service.Workspace != "wrkspc_a" ||
			!got.Service.Watermark.Listed || !slices.Contains(got.Service.Watermark.Seen, old.ID) {
			t.Errorf("job.json has %s", file.data)
		}
		first := got.Service
		w.finish()
		if err := json.Unmarshal(w.disk.now["/job/job.json"].data, &got); err != nil || len(got.Service.Watermark.Seen) != len(first.Watermark.Seen) {
			t.Errorf("later job.json has %+v, %v", got.Service, err)
		}
	}, batchtest.WithKey("key", "wrkspc_a"))
}
