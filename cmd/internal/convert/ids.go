package convert

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
)

// checkID checks the form of a custom ID.
func checkID(id string) error {
	if id == "" {
		return errors.New("the custom_id is empty")
	}
	if len(id) > 64 {
		return &detailed{"the custom_id has more than 64 characters", fmt.Sprintf("%.64q...", id)}
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return &detailed{"the custom_id has characters other than letters, digits, - and _", strconv.Quote(id)}
		}
	}
	return nil
}

// ids holds a number for each custom ID, by its hash of 128 bits: a million of them take some 50 MB.
type ids struct {
	seeds [2]maphash.Seed
	at    map[[2]uint64]int64
}

func newIDs() *ids {
	return &ids{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, make(map[[2]uint64]int64)}
}

func (s *ids) key(id string) [2]uint64 {
	return [2]uint64{maphash.String(s.seeds[0], id), maphash.String(s.seeds[1], id)}
}

// add notes an ID with a number, and returns the number of the same ID before, if there is one.
func (s *ids) add(id string, number int64) (before int64, again bool) {
	key := s.key(id)
	if before, again = s.at[key]; !again {
		s.at[key] = number
	}
	return before, again
}

// check notes the custom ID of a line, and returns an error if an earlier line has it.
func (s *ids) check(id string, line int) error {
	if before, again := s.add(id, int64(line)); again {
		return &detailed{"the custom_id is that of an earlier line, and each must be unique", fmt.Sprintf("%q, as line %d", id, before)}
	}
	return nil
}
