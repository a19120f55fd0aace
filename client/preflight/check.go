package preflight

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// Check checks the requests of a batch. It may be called from several goroutines at the same time.
func Check(requests []gen.BetaMessageBatchIndividualRequestParams, o Options) *Report {
	b := newBatch(o)
	for p := range parallel.Map(2*runtime.GOMAXPROCS(0), slices.Chunk(requests, partRequests), b.checks.requests) {
		b.join(p)
	}
	return b.finish()
}

// requests checks some requests of a batch.
func (c *checks) requests(requests []gen.BetaMessageBatchIndividualRequestParams) *part {
	p := &part{checks: c}
	var buf []byte
	for _, r := range requests {
		var err error
		if buf, err = r.AppendJSON(buf[:0]); err != nil {
			w := walker{checks: c}
			w.notJSON(err)
			p.add(0, 0, goodID(r.CustomID), w.found)
			continue
		}
		p.check(0, buf)
	}
	return p
}

// partRequests is how many requests are checked at a time.
const partRequests = 256

// CheckParams checks the parameters of one request, JSON as the service would get it. Pointers begin at the
// parameters.
func CheckParams(params []byte, o Options) []Issue {
	found, _ := o.checks().run(params, root().properties["params"].node)
	return found
}

func (o Options) checks() *checks {
	c := &checks{version: string(o.Version), betas: make(map[string]bool), disabled: make(map[Rule]bool)}
	if c.version == "" {
		c.version = string(gen.AnthropicVersionV20230601)
	}
	for _, b := range o.Betas {
		c.betas[string(b)] = true
	}
	for _, r := range o.Disable {
		c.disabled[r] = true
	}
	return c
}

// run checks one JSON value against a node. It returns the custom id of a request, if that is a good one.
func (c *checks) run(b []byte, n *node) (found []Issue, customID string) {
	w := walker{checks: c}
	err := wire.Walk(b, func(d *wire.Decoder) {
		w.Decoder = d
		w.value(n)
	})
	if err != nil {
		w.found = nil
		w.notJSON(err)
	}
	return w.found, w.customID
}

// notJSON reports a request that is not JSON, or cannot be written as JSON. The texts of errors hold pointers, and so
// names out of the request: only their innermost part becomes the message.
func (w *walker) notJSON(err error) {
	var at jsontext.Pointer
	why := "not one whole JSON object"
	var encoding *wire.EncodeError
	if errors.As(err, &encoding) {
		at, why, err = encoding.Pointer, "cannot be written as JSON", encoding.Err
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if encoding == nil {
			why += fmt.Sprintf(", at byte %d", syntax.ByteOffset)
		}
		at, err = at+syntax.JSONPointer, syntax.Err
	}
	w.report(at, JSON, Error, "%s: %v", why, err)
}

// goodID returns a custom id, or "" if it is not a good one.
func goodID(id string) string {
	if !root().properties["custom_id"].node.pattern.matches([]byte(id)) {
		return ""
	}
	return id
}

// A part is what was found out about some requests that follow each other.
type part struct {
	checks   *checks
	requests []checked
	issues   []Issue // Index is that within the part
	err      error
}

// checked is what the batch as a whole needs to know of a request.
type checked struct {
	id   string // empty if it is not a good one
	line int
	size int
}

// check checks one request.
func (p *part) check(line int, request []byte) {
	found, id := p.checks.run(request, root())
	p.add(line, len(request), id, found)
}

func (p *part) add(line, size int, id string, found []Issue) {
	for _, i := range found {
		i.Index, i.Line, i.CustomID = len(p.requests), line, id
		p.issues = append(p.issues, i)
	}
	p.requests = append(p.requests, checked{id: id, line: line, size: size})
}

// A batch gathers parts in their order.
type batch struct {
	checks *checks
	report Report
	ids    map[string]place // of the first request with each id
}

type place struct{ index, line int }

func newBatch(o Options) *batch {
	return &batch{checks: o.checks(), report: Report{Bytes: int64(len(envelope.Open + envelope.Close))}, ids: make(map[string]place)}
}

// join adds a part behind the others.
func (b *batch) join(p *part) {
	first := b.report.Requests
	for i, r := range p.requests {
		b.report.Bytes += int64(r.size)
		if first+i > 0 {
			b.report.Bytes++ // the comma
		}
		if r.id == "" {
			continue
		}
		if earlier, ok := b.ids[r.id]; ok {
			where := fmt.Sprintf("request %d", earlier.index)
			if earlier.line > 0 {
				where = fmt.Sprintf("line %d", earlier.line)
			}
			if !b.checks.disabled[DuplicateID] {
				p.issues = append(p.issues, Issue{Index: i, Line: r.line, CustomID: r.id, Pointer: "/custom_id", Rule: DuplicateID, Severity: Error, Message: where + " has the same custom id"})
			}
			continue
		}
		b.ids[r.id] = place{index: first + i, line: r.line}
	}
	slices.SortStableFunc(p.issues, func(x, y Issue) int { return x.Index - y.Index })
	for _, i := range p.issues {
		i.Index += first
		b.report.Issues = append(b.report.Issues, i)
	}
	b.report.Requests += len(p.requests)
}

// finish adds what is wrong with the batch as a whole.
func (b *batch) finish() *Report {
	r := &b.report
	whole := func(rule Rule, severity Severity, format string, args ...any) {
		if !b.checks.disabled[rule] {
			r.Issues = append(r.Issues, Issue{Index: -1, Rule: rule, Severity: severity, Message: fmt.Sprintf(format, args...)})
		}
	}
	if r.Requests == 0 || r.Requests > envelope.MaxRequests {
		whole(BatchCount, Error, "a batch has 1 to %d requests, not %d", envelope.MaxRequests, r.Requests)
	}
	if r.Bytes > envelope.MaxBytes {
		whole(BatchSize, Error, "the batch has %d bytes, and %d are allowed: split it", r.Bytes, envelope.MaxBytes)
	}
	if v := b.checks.version; !isKnown("AnthropicVersion", v) {
		whole(UnknownVersion, Warning, "the contract does not know the version %q: what it refuses is not checked", v)
	}
	for _, beta := range slices.Sorted(maps.Keys(b.checks.betas)) {
		if !isKnown("AnthropicBeta", beta) {
			whole(UnknownBeta, Warning, "the contract does not know the beta %q: the service refuses betas that it does not know", beta)
		}
	}
	return r
}

// isKnown reports whether the contract lists a value of an enum.
func isKnown(enum, value string) bool {
	return slices.Contains(contract.Load().Components.Schemas[enum].Value.Enum, any(value))
}
