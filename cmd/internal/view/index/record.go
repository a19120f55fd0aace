package index

import (
	"encoding/binary"

	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// recordSize is the size of a record in bytes.
const recordSize = 64

// A Record holds the position of a line, and the values to filter by. Names are numbers that [Index.Name] translates.
type Record struct {
	// Offset and Length are the position of the line in its file, in bytes, and Line is its number, from 1.
	Offset int64
	Length int64
	Line   int64

	// ID is the hash of the custom ID, and Answer that of the text and the tool calls of the response. 0 means none.
	ID     uint64
	Answer uint64

	// Input is the number of input tokens, including those of the cache; CacheRead is the number of them that were read from
	// the cache, and Output is the number of output tokens.
	Input, CacheRead, Output int64

	// Cost is the cost of the request. Priced is false if something has no price, so that the request cost more.
	Cost   bulk.Money
	Priced bool

	// Long reports that the line is longer than [MaxLine]. Nothing else is known about it.
	Long bool

	// Outcome, Stop, Model and Error are names. Stop is the stop reason, and Error the type of the error.
	Outcome, Stop, Model, Error Name
}

// A Name is the number of a name in an index; 0 means no name.
type Name uint16

const (
	flagPriced = 1 << iota
	flagLong
)

// most is the maximum of a 32-bit field. Numbers from outside may be larger.
const most = 1<<32 - 1

func clamp(n int64) uint32 { return uint32(min(max(n, 0), most)) }

func (r *Record) append(b []byte) []byte {
	var flags uint32
	if r.Priced {
		flags |= flagPriced
	}
	if r.Long {
		flags |= flagLong
	}
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(r.Offset))
	b = le.AppendUint32(b, clamp(r.Length))
	b = le.AppendUint32(b, clamp(r.Line))
	b = le.AppendUint64(b, r.ID)
	b = le.AppendUint64(b, r.Answer)
	b = le.AppendUint64(b, uint64(r.Cost))
	b = le.AppendUint32(b, clamp(r.Input))
	b = le.AppendUint32(b, clamp(r.CacheRead))
	b = le.AppendUint32(b, clamp(r.Output))
	b = le.AppendUint32(b, flags)
	b = le.AppendUint16(b, uint16(r.Outcome))
	b = le.AppendUint16(b, uint16(r.Stop))
	b = le.AppendUint16(b, uint16(r.Model))
	return le.AppendUint16(b, uint16(r.Error))
}

func parseRecord(b []byte) Record {
	le := binary.LittleEndian
	flags := le.Uint32(b[52:])
	return Record{
		Offset:    int64(le.Uint64(b)),
		Length:    int64(le.Uint32(b[8:])),
		Line:      int64(le.Uint32(b[12:])),
		ID:        le.Uint64(b[16:]),
		Answer:    le.Uint64(b[24:]),
		Cost:      bulk.Money(le.Uint64(b[32:])),
		Input:     int64(le.Uint32(b[40:])),
		CacheRead: int64(le.Uint32(b[44:])),
		Output:    int64(le.Uint32(b[48:])),
		Priced:    flags&flagPriced != 0,
		Long:      flags&flagLong != 0,
		Outcome:   Name(le.Uint16(b[56:])),
		Stop:      Name(le.Uint16(b[58:])),
		Model:     Name(le.Uint16(b[60:])),
		Error:     Name(le.Uint16(b[62:])),
	}
}
