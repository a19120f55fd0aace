// Package limits has the checks that the service makes when it accepts a batch: all except those of parameters.
package limits

import "errors"

// The limits of a batch.
const (
	MaxRequests = 100_000
	MaxBytes    = 256_000_000 // of the body; the documented 256 MB may mean more
)

// MaxLine is the default limit of a line of results, in bytes. The service accepts requests of 32 MB outside of
// batches, so a longer message could not be continued; a message of 300,000 output tokens has about 2 MB.
const MaxLine = 32 << 20

// The body of a create call is Open, the requests with commas in between, and Close.
const (
	Open  = `{"requests":[`
	Close = `]}`
)

// CustomIDPattern is the contract's pattern of custom IDs, which IsCustomID checks.
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

// CheckCustomID returns an error if id cannot be a custom ID.
func CheckCustomID(id string) error {
	switch {
	case id == "":
		return errors.New("it is missing, or not a string")
	case !IsCustomID(id):
		return errors.New("it must be 1 to 64 letters, digits, underscores and hyphens")
	}
	return nil
}
