package client

import (
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"
)

// checkID rejects IDs that cannot be those of batches or would lead to another path. It assumes no particular form.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("batch id is empty")
	case id == "." || id == "..":
		return errors.New("batch id is a dot segment")
	case strings.ContainsAny(id, `/\`):
		return errors.New("batch id holds a slash")
	}
	for _, r := range id {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return errors.New("batch id holds white space or a control character")
		}
	}
	return nil
}

// idSet remembers when batches were seen, by ID. It keeps at least the last idsKept of them and forgets older ones, since
// a client may live for years. It is safe for concurrent use.
type idSet struct {
	mu          sync.Mutex
	recent, old map[string]time.Time
}

const (
	idsKept = 100_000

	// longestID bounds IDs of responses, which are kept and become parts of URLs. Those of the service have about 32 bytes.
	longestID = 1 << 10
)

func (s *idSet) add(id string) {
	if len(id) > longestID {
		return // not an ID: it would only use memory
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recent == nil || len(s.recent) >= idsKept {
		s.recent, s.old = make(map[string]time.Time), s.recent
	}
	s.recent[id] = time.Now()
}

func (s *idSet) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.recent, id)
	delete(s.old, id)
}

// seen returns when id was added last.
func (s *idSet) seen(id string) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok = s.recent[id]; !ok {
		at, ok = s.old[id]
	}
	return at, ok
}
