package client_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Types, flags, settings and error codes of HTTP/2 (RFC 9113).
const (
	h2Data, h2Headers, h2Reset, h2Settings, h2Ping, h2GoAway, h2WindowUpdate = 0, 1, 3, 4, 6, 7, 8

	h2EndStream, h2Ack, h2EndHeaders = 1, 1, 4

	h2InitialWindow = 4

	h2Window = 128 << 10 // how many bytes of a body may be in flight

	h2NoError, h2ProtocolError, h2InternalError, h2RefusedStream, h2Cancel, h2EnhanceYourCalm = 0, 1, 2, 7, 8, 11
)

// An h2Server implements the frames of HTTP/2 that a test of create needs, and counts calls and bodies. It responds to each
// whole body with a batch, unless script acts first.
type h2Server struct {
	url    string
	client *http.Client

	// script is called when the headers of a stream, a part of its body, or its end has arrived. It returns true if it has
	// handled the stream.
	script func(s *h2Stream) bool

	mu   sync.Mutex
	runs [][]*h2Stream // in order of arrival, over all connections, by run
}

// An h2Stream is a call.
type h2Stream struct {
	conn    *h2Conn
	id      uint32
	attempt int  // from 1
	bytes   int  // of the body so far
	whole   bool // the body has ended
	done    bool // the script has handled it
}

type h2Conn struct {
	net.Conn
	in *bufio.Reader
}

func newH2Server(t *testing.T, script func(*h2Stream) bool) *h2Server {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	certified.Close()
	config := &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certified.Certificate())
	s := &h2Server{
		url: "https://" + l.Addr().String(), script: script,
		client: &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: pool, ClientSessionCache: tls.NewLRUClientSessionCache(1)},
		}},
	}
	accept(t, l, func(conn net.Conn) { s.serve(&h2Conn{conn, bufio.NewReader(conn)}) })
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// serve reads the frames of a connection until it ends.
func (s *h2Server) serve(c *h2Conn) {
	if _, err := io.CopyN(io.Discard, c.in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	c.write(h2Settings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, h2InitialWindow}, h2Window))
	c.allow(0, 1<<30)
	streams := make(map[uint32]*h2Stream)
	for {
		kind, flags, id, payload, err := c.read()
		if err != nil {
			return
		}
		switch kind {
		case h2Settings, h2Ping:
			if flags&h2Ack == 0 {
				if kind == h2Settings {
					payload = nil
				}
				c.write(kind, h2Ack, 0, payload)
			}
		case h2Headers:
			streams[id] = s.begin(c, id)
			s.arrived(streams[id], 0, false)
		case h2Data:
			if stream := streams[id]; stream != nil {
				s.arrived(stream, len(payload), flags&h2EndStream != 0)
			}
		}
	}
}

// newRun restarts the counts.
func (s *h2Server) newRun() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, nil)
}

func (s *h2Server) begin(c *h2Conn, id uint32) *h2Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := &s.runs[len(s.runs)-1]
	stream := &h2Stream{conn: c, id: id, attempt: len(*run) + 1}
	*run = append(*run, stream)
	return stream
}

func (s *h2Server) arrived(stream *h2Stream, n int, end bool) {
	s.mu.Lock()
	stream.bytes += n
	stream.whole = stream.whole || end
	s.mu.Unlock()
	stream.done = stream.done || s.script(stream)
	switch {
	case stream.done: // its window is not extended
	case end:
		stream.respond()
	case n > 0:
		stream.conn.allow(stream.id, uint32(n))
	}
}

// counts returns how many calls have arrived in a run, and how many whole bodies.
func (s *h2Server) counts(run int) (calls, wholes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stream := range s.runs[run] {
		if stream.whole {
			wholes++
		}
	}
	return len(s.runs[run]), wholes
}

func (c *h2Conn) read() (kind, flags byte, stream uint32, payload []byte, err error) {
	var head [9]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, 0, 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(c.in, payload)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), payload, err
}

// write writes a frame. It ignores errors, because the peer may be gone.
func (c *h2Conn) write(kind, flags byte, stream uint32, payload []byte) {
	n := len(payload)
	frame := binary.BigEndian.AppendUint32([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}, stream)
	_, _ = c.Write(append(frame, payload...))
}

// allow lets the peer send n more bytes, on a stream or, if stream is 0, on the connection.
func (c *h2Conn) allow(stream, n uint32) {
	c.write(h2WindowUpdate, 0, stream, binary.BigEndian.AppendUint32(nil, n))
}

// respond responds with a batch.
func (s *h2Stream) respond() {
	const contentType = "application/json"
	head := append([]byte{0x88, 0x0f, 0x10, byte(len(contentType))}, contentType...) // :status 200, content-type
	s.conn.write(h2Headers, h2EndHeaders, s.id, head)
	s.conn.write(h2Data, h2EndStream, s.id, []byte(`{"id":"msgbatch_h2","type":"message_batch","processing_status":"in_progress","request_counts":{"processing":1}}`))
}

func (s *h2Stream) reset(code uint32) {
	s.conn.write(h2Reset, 0, s.id, binary.BigEndian.AppendUint32(nil, code))
}

// goAway tells the peer that streams up to last may have been processed, and those above were not.
func (s *h2Stream) goAway(last, code uint32, debug string) {
	payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)
	s.conn.write(h2GoAway, 0, 0, append(payload, debug...))
}

// hangUp closes the connection without a TLS alert.
func (s *h2Stream) hangUp() { s.conn.Conn.(*tls.Conn).NetConn().Close() }
