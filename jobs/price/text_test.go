package price

import (
	"math/rand/v2"
	"testing"
)

// TestWeighPlain compares the weights of texts with the sums of the weights of their bytes.
func TestWeighPlain(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte("  \x20\x21\x00\x80\xa0\xff\ta0é中\n")
	for range 20_000 {
		text := make([]byte, random.IntN(40))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		want := int64(0)
		for i, c := range text {
			if want += int64(weights[c]); i > 0 && c == ' ' && text[i-1] == ' ' {
				want -= ofSpace - ofMoreSpace
			}
		}
		if got := weighPlain(text); got != want {
			t.Fatalf("%q weighs %d, want %d", text, got, want)
		}
	}
}
