package client

import (
	"context"
	"io"

	"github.com/seed-111a911e/messagebatches/internal/limits"
)

// An encoder encodes the body of a create call in pieces.
type encoder struct {
	source source
	ctx    context.Context // for reading the source
	size   int64           // of the whole body, as it was announced
	at     int64           // how much of the body was encoded
	sent   int             // requests in it
}

// pieceBytes is how many bytes a piece has at least, except the last one; its last request may exceed it. Encoding less
// takes about as long as waking another goroutine, and writes to the connection could be as small as a request.
const pieceBytes = 512 << 10

// next encodes the next piece into the memory of buf, and reports whether it is the last one: then the source has ended
// exactly as it was checked.
func (e *encoder) next(buf []byte) (_ []byte, last bool, err error) {
	buf = buf[:0]
	if e.at == 0 {
		buf = append(buf, limits.Open...)
		if err := e.source.rewind(e.ctx); err != nil {
			return buf, false, err
		}
	}
	for !last && len(buf) < pieceBytes {
		end := len(buf)
		if e.sent > 0 {
			buf = append(buf, ',')
		}
		switch buf, err = e.source.next(buf); {
		case err == io.EOF:
			buf = append(buf[:end], limits.Close...)
			last = true
		case err != nil:
			return buf, false, err
		default:
			e.sent++
		}
	}
	e.at += int64(len(buf))
	if e.at > e.size || (e.at == e.size) != last {
		return buf, false, errChanged // the service would accept an incomplete body as the whole one
	}
	return buf, last, nil
}
