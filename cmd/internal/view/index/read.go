package index

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// A Kind is the kind of the lines of a file.
type Kind string

// Kinds of files.
const (
	Results  Kind = "results"  // {"custom_id", "result"}
	Requests Kind = "requests" // {"custom_id", "params"}
)

// Damaged is the outcome of a line that is not of the kind of its file.
const Damaged = "damaged"

// Hash returns the hash of a custom ID or a text in records. It is never 0.
func Hash(s string) uint64 { return max(xxhash.Sum64String(s), 1) }

// read returns the record of a line, and its names, which are not numbered yet.
func (k Kind) read(line []byte, table *price.Table, day time.Time) (r Record, n named) {
	if k == Requests {
		return readRequest(line)
	}
	item := client.ParseItem(line, 0)
	if item.CustomID != "" {
		r.ID = Hash(item.CustomID)
	}
	if item.Result == nil {
		return r, named{outcome: Damaged}
	}
	n.outcome = item.Result.Discriminator()
	if item.Malformed != nil {
		n.outcome = Damaged
	}
	var used price.Usage
	used.Add(table, day, &item)
	cost, err := used.Cost(table, day)
	r.Cost, r.Priced = cost, err == nil
	switch result := item.Result.(type) {
	case *gen.BetaMessageBatchSucceededResult:
		n.model, n.stop = string(result.Message.Model), string(result.Message.StopReason)
		tokens := used.Tokens()
		r.CacheRead, r.Output = tokens.CacheRead, tokens.Output
		r.Input = tokens.Input + tokens.CacheRead + tokens.CacheWrite5m + tokens.CacheWrite1h
		r.Answer = hashAnswer(&item)
	case *gen.BetaMessageBatchErroredResult:
		if result.Error.Error != nil {
			n.failure = result.Error.Error.Discriminator()
		}
	}
	return r, n
}

func hashAnswer(item *client.Item) uint64 {
	h := xxhash.New()
	_, _ = h.WriteString(item.Text()) // never fails
	for _, use := range item.ToolUses() {
		_, _ = h.WriteString("\x00" + use.Name + "\x00")
		_, _ = h.Write(use.Input)
	}
	return max(h.Sum64(), 1)
}

func readRequest(line []byte) (r Record, n named) {
	var request client.Request
	err := request.UnmarshalJSON(line)
	if request.CustomID != "" {
		r.ID = Hash(request.CustomID)
	}
	if err != nil && request.CustomID == "" {
		n.outcome = Damaged
	}
	n.model = string(request.Params.Model)
	return r, n
}

// named are the names of a record.
type named struct{ outcome, stop, model, failure string }

func (n named) set(r *Record, all *names) {
	r.Outcome, r.Stop, r.Model, r.Error = all.id(n.outcome), all.id(n.stop), all.id(n.model), all.id(n.failure)
}
