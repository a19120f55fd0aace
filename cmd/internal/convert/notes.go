package convert

import "errors"

// A Kind is the kind of a note.
type Kind string

// The kinds of notes.
const (
	Refused Kind = "refused" // not converted and not in the output
	Dropped Kind = "dropped" // converted without this part, which has no counterpart
	Changed Kind = "changed" // converted to something slightly different
)

// A Note describes something that a conversion could not carry over unchanged.
type Note struct {
	// Line is the line in the input, from 1; 0 for the input as a whole.
	Line int `json:"line,omitempty"`

	// ID is the custom ID of the request or result, if it is known.
	ID string `json:"custom_id,omitempty"`

	// Kind says what happened.
	Kind Kind `json:"kind"`

	// Place is the part concerned, such as body.seed or the name of a column. Indexes of arrays are written as a star.
	Place string `json:"place,omitempty"`

	// Message says why, and what to do.
	Message string `json:"message"`

	// Detail is what differs between notes with the same message, such as a file name.
	Detail string `json:"detail,omitempty"`
}

// A detailed error has a detail that differs between errors with the same message.
type detailed struct{ message, detail string }

func (e *detailed) Error() string { return e.message + ": " + e.detail }

// noteOf converts an error to a note.
func noteOf(err error, kind Kind, line int, id, place string) Note {
	n := Note{Line: line, ID: id, Kind: kind, Place: place, Message: err.Error()}
	var d *detailed
	if errors.As(err, &d) {
		n.Message, n.Detail = d.message, d.detail
	}
	return n
}

// A Group counts the notes with the same kind, place and message.
type Group struct {
	// Kind, Place and Message are common to the notes.
	Kind    Kind   `json:"kind"`
	Place   string `json:"place,omitempty"`
	Message string `json:"message"`

	// Count is the number of notes, and First holds the first of them.
	Count int      `json:"count"`
	First []Sample `json:"first,omitempty"`
}

// A Sample is one note of a group.
type Sample struct {
	// Line and Detail are as in [Note].
	Line   int    `json:"line,omitempty"`
	Detail string `json:"detail,omitempty"`
}

const (
	maxGroups  = 200 // further ones are counted together, because places can have any name
	maxSamples = 5
)

// Notes collects notes. The zero value is ready to use.
type Notes struct {
	// Each, if not nil, is called for each note. Its first error ends the conversion.
	Each func(Note) error

	groups []Group
	index  map[groupKey]int
	err    error
}

type groupKey struct {
	kind           Kind
	place, message string
}

// Groups returns the groups of the notes so far, in the order of their first notes.
func (n *Notes) Groups() []Group { return n.groups }

// Count returns the number of notes of a kind so far.
func (n *Notes) Count(k Kind) (count int) {
	for _, g := range n.groups {
		if g.Kind == k {
			count += g.Count
		}
	}
	return count
}

func (n *Notes) add(note Note) {
	if n.Each != nil && n.err == nil {
		n.err = n.Each(note)
	}
	key := groupKey{note.Kind, note.Place, note.Message}
	at, ok := n.index[key]
	if !ok && len(n.groups) >= maxGroups {
		key.place, key.message = "", "and others, of too many kinds to list"
		at, ok = n.index[key]
	}
	if !ok {
		if n.index == nil {
			n.index = make(map[groupKey]int)
		}
		at = len(n.groups)
		n.index[key] = at
		n.groups = append(n.groups, Group{Kind: key.kind, Place: key.place, Message: key.message})
	}
	g := &n.groups[at]
	g.Count++
	if len(g.First) < maxSamples && note.Line > 0 {
		g.First = append(g.First, Sample{note.Line, note.Detail})
	}
}

// A Summary counts what a conversion did. What it could not do is in the notes.
type Summary struct {
	// Read is the number of rows, lines or elements of the input, without blank ones.
	Read int `json:"read"`

	// Written is the number of requests or rows of the output.
	Written int `json:"written"`

	// Blank is the number of table rows with only empty cells.
	Blank int `json:"blank,omitempty"`

	// Separator is the separator of the table's cells, if there is a table.
	Separator string `json:"separator,omitempty"`

	// Outcomes counts result rows by outcome.
	Outcomes map[string]int `json:"outcomes,omitempty"`

	// Guarded is the number of written cells that got a leading apostrophe because they look like formulas.
	Guarded int `json:"guarded,omitempty"`
}
