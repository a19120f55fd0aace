package jobs

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"
)

// Splitting hashes each byte of the input once, although the whole input has a hash and each batch has one: that of a batch
// continues from the state that the hash of the input has where the batch begins.

// hashState returns the state of a SHA-256, in hexadecimal.
func hashState(h hash.Hash) string {
	state, err := h.(encoding.BinaryAppender).AppendBinary(nil)
	if err != nil {
		panic(err) // hashes of the standard library return none
	}
	return hex.EncodeToString(state)
}

// resumedHash returns a SHA-256 with a state of [hashState], or in its initial state if that is "".
func resumedHash(state string) (hash.Hash, error) {
	h := sha256.New()
	if state == "" {
		return h, nil
	}
	raw, err := hex.DecodeString(state)
	if err == nil {
		err = h.(encoding.BinaryUnmarshaler).UnmarshalBinary(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("hash state: %w", err)
	}
	return h, nil
}
