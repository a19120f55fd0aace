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

// ids maps custom IDs to numbers. It stores their 128-bit hashes: a million IDs take about 50 MB.
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

// add adds an ID with a number. If the ID was added before, it returns the number of that time.
func (s *ids) add(id string, number int64) (before int64, again bool) {
	key := s.key(id)
	if before, again = s.at[key]; !again {
		s.at[key] = number
	}
	return before, again
}

// check adds the custom ID of a line, and returns an error if an earlier line has the same one.
func (s *ids) check(id string, line int) error {
	if before, again := s.add(id, int64(line)); again {
		return &detailed{"duplicate custom_id: each must be unique", fmt.Sprintf("%q, as in line %d", id, before)}
	}
	return nil
}
