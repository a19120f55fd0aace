// Package limits knows what the service checks when it accepts a batch: everything but the parameters of its requests.
package limits

import "errors"

// The limits of a batch.
const (
	MaxRequests = 100_000
	MaxBytes    = 256_000_000 // of the body; it is not documented whether the 256 MB are more
)

// MaxLine is the longest line of results that is read, by default, in bytes. The service takes requests of 32 MB outside of
// batches, so a longer message could not be continued; one of 300,000 output tokens has about 2 MB.
const MaxLine = 32 << 20

// The body of a create call is its requests, with commas in between, inside of these.
const (
	Open  = `{"requests":[`
	Close = `]}`
)

// CustomIDPattern is what IsCustomID checks, as the contract has it.
const CustomIDPattern = `^[a-zA-Z0-9_-]{1,64}$`

// IsCustomID reports whether id can be the custom ID of a request.
func IsCustomID(id string) bool {
	for i := range len(id) {
		b := id[i]
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-') {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

// CheckCustomID returns what is wrong with a custom ID, or nil.
func CheckCustomID(id string) error {
	switch {
	case id == "":
		return errors.New("it is missing, or not a string")
	case !IsCustomID(id):
		return errors.New("it must be 1 to 64 letters, digits, underscores and hyphens")
	}
	return nil
}
