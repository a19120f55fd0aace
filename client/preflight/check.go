package preflight

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
	"github.com/seed-111a911e/messagebatches/internal/limits"
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

// requests checks a chunk of the requests.
func (c *checks) requests(requests []gen.BetaMessageBatchIndividualRequestParams) *part {
	p := c.part()
	var buf []byte
	for _, r := range requests {
		var err error
		if buf, err = r.AppendJSON(buf[:0]); err != nil {
			w := &walker{checks: c, found: sieve{most: c.most}}
			w.notJSON(err)
			p.add(0, 0, goodID(r.CustomID), &w.found)
			continue
		}
		p.check(0, buf)
	}
	return p
}

// partRequests is how many requests are checked at a time.
const partRequests = 256

// CheckParams checks the parameters of one request, given as JSON. Pointers are relative to the parameters. It returns
// the first [Options.Max] errors and warnings of each rule.
func CheckParams(params []byte, o Options) []Issue {
	found, _ := o.checks().run(params, root().properties["params"].node)
	return found.issues
}

func (o Options) checks() *checks {
	c := &checks{version: string(o.Version), betas: make(map[string]bool), disabled: make(map[Rule]bool), most: o.Max}
	if c.most <= 0 {
		c.most = defaultMax
	}
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

// run checks one JSON value against a node. It returns the custom id of a request, if that is valid.
func (c *checks) run(b []byte, n *node) (found *sieve, customID string) {
	return c.walker().run(b, n)
}

func (w *walker) run(b []byte, n *node) (found *sieve, customID string) {
	c := w.checks
	w.found, w.customID, w.role, w.echo = sieve{most: c.most}, "", "", false
	err := wire.Walk(b, func(d *wire.Decoder) {
		w.Decoder = d
		w.value(n)
	})
	if err != nil {
		w.found = sieve{most: c.most}
		w.notJSON(err)
	}
	return &w.found, w.customID
}

// notJSON reports a request that is not JSON, or cannot be written as JSON. Error texts contain pointers, and so names
// from the request: only the innermost error becomes the message.
func (w *walker) notJSON(err error) {
	var at jsontext.Pointer
	why := "not one whole JSON object"
	var encoding *wire.EncodeError
	if errors.As(err, &encoding) {
		at, why, err = encoding.Pointer, "cannot be written as JSON", encoding.Err
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at += syntax.JSONPointer
		if encoding != nil {
			err = syntax.Err // the offset would be that in a separately encoded value
		}
	}
	w.report(at, JSON, Error, "%v", wire.NotJSON(why, err))
}

// goodID returns a custom id, or "" if it is not valid.
func goodID(id string) string {
	if !root().properties["custom_id"].node.pattern.matches([]byte(id)) {
		return ""
	}
	return id
}

// A part holds the findings about a run of consecutive requests.
type part struct {
	checks   *checks
	walker   *walker
	requests int
	bytes    int64
	ids      []place // of the requests with a valid custom id
	found    sieve   // Index is that within the part
	err      error
}

// A place is where a custom id appears.
type place struct {
	id          string
	index, line int
}

func (c *checks) part() *part {
	return &part{checks: c, walker: c.walker(), found: sieve{most: c.most}}
}

// check checks one request.
func (p *part) check(line int, request []byte) {
	found, id := p.walker.run(request, root())
	p.add(line, len(request), id, found)
}

func (p *part) add(line, size int, id string, found *sieve) {
	for _, i := range found.issues {
		i.Index, i.Line, i.CustomID = p.requests, line, id
		p.found.add(i)
	}
	for _, t := range found.more {
		p.found.count(t)
	}
	if id != "" {
		p.ids = append(p.ids, place{id, p.requests, line})
	}
	p.requests++
	p.bytes += int64(size)
}

// A batch collects parts in order.
type batch struct {
	checks *checks
	ledger limits.Ledger
	ids    int // noted in the ledger, at most maxIDs
	maxIDs int
	split  bool
	empty  string // why there are no requests, "" if unknown
	found  sieve
}

// maxSplitIDs is how many custom IDs are noted if the requests will be split.
const maxSplitIDs = 1_000_000

func newBatch(o Options) *batch {
	c := o.checks()
	b := &batch{checks: c, maxIDs: limits.MaxRequests, split: o.Split, found: sieve{most: c.most}}
	if o.Split {
		b.maxIDs = maxSplitIDs
	}
	return b
}

// join appends a part.
func (b *batch) join(p *part) {
	before := b.ledger.Requests
	b.ledger.AddAll(p.requests, p.bytes)
	found := p.found.issues
	for _, r := range p.ids {
		if b.ids == b.maxIDs {
			break
		}
		kind, at := "request", before+r.index
		if r.line > 0 {
			kind, at = "line", r.line
		}
		first, duplicate := b.ledger.Note(r.id, at)
		switch {
		case !duplicate:
			b.ids++
		case b.checks.disabled[DuplicateID]:
		case b.found.full(DuplicateID, Error):
			b.found.count(Tally{DuplicateID, Error, 1})
		default:
			found = append(found, Issue{Index: r.index, Line: r.line, CustomID: r.id, Pointer: "/custom_id", Rule: DuplicateID, Severity: Error, Message: fmt.Sprintf("%s %d has the same custom id", kind, first)})
		}
	}
	slices.SortStableFunc(found, func(x, y Issue) int { return x.Index - y.Index })
	for _, i := range found {
		i.Index += before
		b.found.add(i)
	}
	for _, t := range p.found.more {
		b.found.count(t)
	}
}

// finish adds the issues of the batch as a whole.
func (b *batch) finish() *Report {
	r := &Report{Issues: b.found.issues, More: b.found.sorted(), Requests: b.ledger.Requests, Bytes: b.ledger.Bytes()}
	whole := func(rule Rule, severity Severity, format string, args ...any) {
		if !b.checks.disabled[rule] {
			r.Issues = append(r.Issues, Issue{Index: -1, Rule: rule, Severity: severity, Message: fmt.Sprintf(format, args...)})
		}
	}
	switch err := b.ledger.CheckCount(); {
	case err == nil, b.split && r.Requests > 0:
	case r.Requests == 0 && b.empty != "":
		whole(BatchCount, Error, "%v: %s", err, b.empty)
	default:
		whole(BatchCount, Error, "%v", err)
	}
	if err := b.ledger.CheckSize(); err != nil && !b.split {
		whole(BatchSize, Error, "%v", err)
	}
	if v := b.checks.version; !schema.Knows("AnthropicVersion", v) {
		whole(UnknownVersion, Warning, "the contract does not know the version %q: what it refuses is not checked", v)
	}
	for _, beta := range slices.Sorted(maps.Keys(b.checks.betas)) {
		if d, ok := schema.Components()["AnthropicBeta"].Deprecated[beta]; ok {
			whole(Deprecated, Warning, "the beta %q is %s", beta, deprecation(d, "", compiled().asOf))
		}
		if !schema.Knows("AnthropicBeta", beta) {
			whole(UnknownBeta, Warning, "the contract does not know the beta %q: the service refuses betas that it does not know", beta)
		}
	}
	return r
}
