package preflight

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// An entry is a value recorded for a rule.
type entry struct {
	target       int    // the index of the path that led to it; -1 for To
	key          []byte // a string
	rank         int
	where, among bool
	at           span
}

// A ledger holds the values recorded for a rule.
type ledger struct {
	entries []entry
	count   int64
	whole   bool // all values were recorded
}

func (w *walker) allHit(registers []int) bool {
	for _, r := range registers {
		if !w.registers[r].hit {
			return false
		}
	}
	return true
}

// An inspector walks through one JSON Schema of a request.
type inspector struct {
	optional, unions int
	names            [][]byte // of properties, reused
	required         [][]byte // likewise
}

// A memory is what a walker keeps for rules about several values.
type memory struct {
	registers []found
	saved     []found    // registers of objects around this one
	ledgers   []ledger   // by index of the rule
	pairs     []pair     // likewise
	rows      []row      // likewise
	held      []held     // refusals that are not decided yet
	places    wire.Place // of all values that are kept
	message   message    // the current or last message
	optional  int        // properties in the JSON Schemas of the request
	unions    int        // likewise
	inspector inspector
}

// found is the state of a register.
type found struct {
	seen  bool   // the path has led to a value
	hit   bool   // the value was one of the register's
	which int    // index among its values
	value []byte // the value, if that is a scalar
}

// newMemory returns a memory for the rules of the contract.
func newMemory() memory {
	c := compiled()
	m := memory{registers: make([]found, len(c.registers)), ledgers: make([]ledger, len(c.rulesAll)), pairs: make([]pair, c.pairs), rows: make([]row, c.rows)}
	for i := range m.ledgers {
		m.ledgers[i].whole = true
	}
	return m
}

func lists(f schema.Fact, model []byte) bool { return slices.Contains(f.Models, string(model)) }

// equal reports whether a value equals a literal. V is a scalar that fits, or nil.
func (w *walker) equal(l literal, v []byte, kind jsontext.Kind) bool {
	switch l.form {
	case list:
		return kind == '[' && w.count == 0
	case number:
		if kind != '0' || v == nil {
			return false
		}
		f, err := strconv.ParseFloat(string(v), 64)
		return err == nil && f == l.number
	case boolean:
		return (kind == 't' || kind == 'f') && string(v) == l.text
	}
	const longest = len(`\u0020`) // the longest form of one character
	return kind == '"' && v != nil && (string(v) == l.text || w.escaped && len(v) <= longest*len(l.text) && string(w.plain(v)) == l.text)
}

// matches reports whether a string matches a pattern. It decodes escapes only if they can matter.
func (w *walker) matches(p *pattern, v []byte) bool {
	if w.escaped && !p.never(v) {
		v = w.plain(v)
	}
	return p.matches(v)
}

// A span is one of the places that a walker keeps.
type span struct{ start, end int }

// place keeps the place of the value that was read last.
func (w *walker) place() span {
	start := len(w.places)
	w.places = w.AppendPlace(w.places)
	return span{start, len(w.places)}
}

func (w *walker) pointer(at span) jsontext.Pointer { return w.PointerTo(w.places[at.start:at.end]) }

// A held refusal is decided at the end of the object, of the messages or of the request.
type held struct {
	refusal *refusal
	schema  *schemaRule // or a rule about JSON Schemas
	at      span
	which   int // index of the refusal's value, or of the schema rule's message
	value   float64
	message int // number of the message, from 1
	more    int // how many of the same are counted but not kept
	far     bool
}

// A message is what a walker knows about the current message.
type message struct {
	number  int // from 1; 0 before the first message
	role    string
	last    string // type of the last block
	other   bool   // it has blocks that are not text
	unknown int    // how many values were unknown before it
}

// A pair is the state of a rule about calls and their results. Consecutive messages of the same role are one turn, as
// for the service.
type pair struct {
	role    string // of the turn
	calls   []call // in the turn
	open    []call // in the previous turn
	other   bool   // the turn has had content other than results
	unsure  bool   // the previous turn may have had calls that the contract does not know
	unknown int    // how many values were unknown before the turn
	full    bool   // there are more calls than are kept
}

type call struct {
	id       []byte
	at       span
	resolved bool
}

// A row is the state of a rule about the order of messages.
type row struct {
	before message // the last message that the rule does not concern
	unsure bool    // that message may end in something that the contract does not know
	any    bool    // there was such a message
	at     span    // the first of consecutive messages that the rule concerns, or zero
	after  bool    // that one comes after a message that it may follow
	is     bool    // the rule concerns the current message
}

// A walker walks through one request and the contract's schemas in parallel.
type walker struct {
	*wire.Decoder
	contract *compiler
	checks   *checks
	found    sieve
	role     string // role of the message that directly holds the value
	echo     bool   // the value may have been written by the service

	count   int64 // number of elements of the last list
	escaped bool  // the last string may have escapes
	unknown int   // number of values of types that the contract does not know

	customID string // of the request, if valid

	memory
}

// checks are options, prepared for walking.
type checks struct {
	version  string
	betas    map[string]bool
	disabled map[Rule]bool
	most     int // how many issues of each rule and severity are listed
}

func (c *checks) hasBeta(betas []string) bool {
	return slices.ContainsFunc(betas, func(b string) bool { return c.betas[b] })
}

// muted reports whether an issue need not be listed, and counts it if so. It saves formatting messages where there may
// be very many issues.
func (w *walker) muted(rule Rule, severity Severity) bool {
	if w.checks.disabled[rule] {
		return true
	}
	full := w.found.full(rule, severity)
	if full {
		w.found.count(Tally{rule, severity, 1})
	}
	return full
}

func (w *walker) report(at jsontext.Pointer, rule Rule, severity Severity, format string, args ...any) {
	if !w.muted(rule, severity) {
		w.found.add(Issue{Pointer: cutPointer(at), Rule: rule, Severity: severity, Message: fmt.Sprintf(format, args...)})
	}
}

// plain returns a string with its escapes decoded.
func (w *walker) plain(s []byte) []byte {
	if !w.escaped || bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	quoted := append(append([]byte{'"'}, s...), '"')
	s, _ = jsontext.AppendUnquote([]byte{}, quoted)
	return s
}
