package jobs

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// ids finds duplicate custom IDs in a file. It takes 16 bytes of memory for each ID: a hash and an offset. IDs with equal
// hashes are read again.
type ids struct {
	seed    maphash.Seed
	buckets [256][]idPlace // by the first byte of the hash, so that little is copied when one grows
}

type idPlace struct {
	hash   uint64
	offset int64 // of the line
}

// add adds the custom ID of a line, in its quotes.
func (d *ids) add(quoted []byte, offset int64) {
	id := quoted[1 : len(quoted)-1]
	if slices.Contains(id, '\\') { // the same ID may be escaped in several ways
		if plain, err := jsontext.AppendUnquote(nil, quoted); err == nil {
			id = plain
		}
	}
	h := maphash.Bytes(d.seed, id)
	d.buckets[h>>56] = append(d.buckets[h>>56], idPlace{h, offset})
}

// duplicates adds an error for each duplicate to errs.
func (d *ids) duplicates(f file, errs *InputError) error {
	for _, bucket := range d.buckets {
		slices.SortFunc(bucket, func(a, b idPlace) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.offset, b.offset)) })
		for i := 1; i < len(bucket); i++ {
			if bucket[i].hash != bucket[i-1].hash {
				continue
			}
			first, err := readID(f, bucket[i-1].offset)
			if err != nil {
				return err
			}
			second, err := readID(f, bucket[i].offset)
			if err != nil {
				return err
			}
			if first != second { // of three IDs with the same hash, the first and the third may be equal: that case is missed
				continue
			}
			if len(errs.First) == mostErrors {
				errs.Count++
				continue
			}
			number, err := lineAt(f, bucket[i].offset)
			if err != nil {
				return err
			}
			before, err := lineAt(f, bucket[i-1].offset)
			if err != nil {
				return err
			}
			errs.add(number, fmt.Errorf("duplicate custom_id %.70q, already used in line %d", second, before))
		}
	}
	return nil
}

// readID returns the custom ID of the line at an offset.
func readID(f file, offset int64) (string, error) {
	size, err := f.Size()
	if err != nil {
		return "", err
	}
	l, err := newLineReader(io.NewSectionReader(f, offset, size-offset), offset).next(func([]byte) {})
	if err != nil {
		return "", err
	}
	o, err := scanLine(l.text)
	if err != nil {
		return "", ErrInputChanged
	}
	return o.customID(l.text)
}

// lineAt returns the number of the line at an offset.
func lineAt(f file, offset int64) (number int64, err error) {
	r := newLineReader(io.NewSectionReader(f, 0, offset), 0)
	for err == nil {
		_, err = r.next(func([]byte) {})
	}
	if err != io.EOF {
		return 0, err
	}
	return r.number, nil
}
