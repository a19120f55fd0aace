package jobs

import (
	"crypto/rand"
	"encoding/base32"
	"strconv"
	"strings"
)

// A wireID is the custom ID under which a request is sent. It proves to which job, batch, round and attempt, and to which
// line of the input, the request belongs.
type wireID struct {
	job   string
	seq   int64
	round int
	nonce string
	line  int64
}

// Lengths of the random parts, and of the longest wireID. The service allows 64 characters.
const (
	jobIDLength   = 8
	nonceLength   = 6
	longestWireID = 40
)

var randomText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newRandomID returns n random characters that are valid in a custom ID.
func newRandomID(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // never fails
	return randomText.EncodeToString(bytes)[:n]
}

// prefix returns the common prefix of the custom IDs of an attempt.
func (w wireID) prefix() string {
	return w.job + "-" + strconv.FormatInt(w.seq, 36) + "-" + strconv.FormatInt(int64(w.round), 36) + "-" + w.nonce + "-"
}

func (w wireID) String() string { return w.prefix() + strconv.FormatInt(w.line, 36) }

// parseWireID parses a custom ID. It returns false if no job can have made it.
func parseWireID(text string) (w wireID, ok bool) {
	parts := strings.Split(text, "-")
	if len(parts) != 5 || len(parts[0]) != jobIDLength || len(parts[3]) != nonceLength {
		return wireID{}, false
	}
	seq, err1 := strconv.ParseInt(parts[1], 36, 64)
	round, err2 := strconv.ParseInt(parts[2], 36, 32)
	line, err3 := strconv.ParseInt(parts[4], 36, 64)
	w = wireID{parts[0], seq, int(round), parts[3], line}
	return w, err1 == nil && err2 == nil && err3 == nil && w.String() == text
}
