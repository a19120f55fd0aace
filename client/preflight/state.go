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

// An entry is a value that a rule noted.
type entry struct {
	target       int    // the path that led to it; -1 for To
	key          []byte // a string
	rank         int
	where, among bool
	at           span
}

// A ledger is what was noted for a rule.
type ledger struct {
	entries []entry
	count   int64
	whole   bool // all values were noted
}

func (w *walker) allHit(registers []int) bool {
	for _, r := range registers {
		if !w.registers[r].hit {
			return false
		}
	}
	return true
}

// An inspector goes through one JSON Schema of a request.
type inspector struct {
	optional, unions int
	names            [][]byte // of properties, reused
	required         [][]byte // likewise
}

// A memory is what a walker keeps for rules about several values.
type memory struct {
	registers []found
	saved     []found    // registers of objects around this one
	ledgers   []ledger   // by number of the rule
	pairs     []pair     // likewise
	rows      []row      // likewise
	held      []held     // refusals that wait
	places    wire.Place // of all that is kept
	message   message    // the one that the walker is in, or was
	optional  int        // properties in the JSON Schemas of the request
	unions    int        // likewise
	inspector inspector
}

// found is what a register holds.
type found struct {
	seen  bool   // the path has led to something
	hit   bool   // it was what the register is about
	which int    // of its values
	value []byte // what it was, if that is a scalar
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

// equal reports whether a value is one of the contract's. V is a scalar that fits, or nil.
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
	const longest = len(`\u0020`) // that stands for one character
	return kind == '"' && v != nil && (string(v) == l.text || w.escaped && len(v) <= longest*len(l.text) && string(w.plain(v)) == l.text)
}

// matches reports whether a string matches a pattern. It decodes escapes only if that can matter.
func (w *walker) matches(p *pattern, v []byte) bool {
	if w.escaped && !p.never(v) {
		v = w.plain(v)
	}
	return p.matches(v)
}

// A span is a place among those that a walker keeps.
type span struct{ start, end int }

// place keeps the place of the value that was read last.
func (w *walker) place() span {
	start := len(w.places)
	w.places = w.AppendPlace(w.places)
	return span{start, len(w.places)}
}

func (w *walker) pointer(at span) jsontext.Pointer { return w.PointerTo(w.places[at.start:at.end]) }

// A held refusal is one that waits for the end of the object, of the messages or of the request.
type held struct {
	refusal *refusal
	schema  *schemaRule // or what a JSON Schema must not have
	at      span
	which   int // of the refusal's values, or of the schema rule's words
	value   float64
	message int // in which it is, from 1
	more    int // others of the same that are not kept
	far     bool
}

// A message is what a walker knows of the message that it is in.
type message struct {
	number  int // from 1; 0 before the first one
	role    string
	last    string // type of the last block
	other   bool   // it has blocks that are no texts
	unknown int    // values that were unknown before it
}

// A pair is the state of a rule about calls and their results. Messages of the same role that follow each other are one
// turn, as for the service.
type pair struct {
	role    string // of the turn
	calls   []call // in the turn
	open    []call // in the turn before
	other   bool   // the turn has had something else than a result
	unsure  bool   // the turn before may have had calls that the contract does not know
	unknown int    // values that were unknown before the turn
	full    bool   // there are more calls than are kept
}

type call struct {
	id       []byte
	at       span
	answered bool
}

// A row is the state of a rule about where messages may be.
type row struct {
	before message // the last message that is not one of them
	unsure bool    // it may end in something that the contract does not know
	any    bool    // there is one before
	at     span    // the first of those that follow each other; zero if there is none
	after  bool    // it comes after what it has to
	is     bool    // the message is one of them
}

// A walker goes through one request beside the contract's schema.
type walker struct {
	*wire.Decoder
	contract *compiler
	checks   *checks
	found    sieve
	role     string // who says this, directly in a message
	echo     bool   // the service may have said this

	count   int64 // of the last list's elements
	escaped bool  // the last string may have escapes
	unknown int   // values of types that the contract does not know

	customID string // of the request, if it is a good one

	memory
}

// checks are options, made ready for walking.
type checks struct {
	version  string
	betas    map[string]bool
	disabled map[Rule]bool
	most     int // how many issues of each rule and severity are kept
}

func (c *checks) hasBeta(betas []string) bool {
	return slices.ContainsFunc(betas, func(b string) bool { return c.betas[b] })
}

// muted reports whether an issue is not to be listed, and counts it. It saves words where there may be very many issues.
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

// plain returns what a string stands for.
func (w *walker) plain(s []byte) []byte {
	if !w.escaped || bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	quoted := append(append([]byte{'"'}, s...), '"')
	s, _ = jsontext.AppendUnquote([]byte{}, quoted)
	return s
}
