package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
)

func TestWantsColor(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]bool{"": true, "TERM=xterm": true, "TERM=dumb": false, "NO_COLOR=1": false} {
		name, value, _ := strings.Cut(env, "=")
		if got := wantsColor(func(n string) string { return map[string]string{name: value}[n] }); got != want {
			t.Errorf("%q: got %v", env, got)
		}
	}
}

// TestShowsColor uses files that are not terminals, one of which is a device.
func TestShowsColor(t *testing.T) {
	t.Parallel()
	for _, name := range []string{os.DevNull, "streams.go"} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if showsColor(f) {
			t.Errorf("%s counts as a terminal", name)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 batches", 1: "1 batch", 999: "999 batches", 1000: "1,000 batches", 1234567: "1,234,567 batches", -1000: "-1,000 batches", -100: "-100 batches"} {
		if got := Plural(n, "batch"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Bytes(0): "0 bytes", Bytes(999): "999 bytes", Bytes(1000): "1.0 kB", Bytes(58_527_780): "58.5 MB", Bytes(999_999): "1.0 MB", Bytes(256_000_000): "256 MB", Bytes(5e15): "5000 TB",
		Short(12): "12", Short(9_700_000): "9.7M", Short(116_000): "116K", Short(2_000_000_000): "2.0B",
		Dollars(0): "$0", Dollars(bulk.Money(4e5)): "$0.0004", Dollars(bulk.Money(28_000)): "$0.0000280", Dollars(bulk.Money(36_120_000_000)): "$36.12", Dollars(bulk.Money(123_456e9)): "$123,456",
		Duration(-time.Second): "0s", Duration(12*time.Second + time.Millisecond): "12s", Duration(252 * time.Second): "4m12s", Duration(23*time.Hour + 51*time.Minute): "23h51m", Duration(24 * time.Hour): "24h0m", Duration(80 * time.Hour): "3 days",
		Cut("abc", 3): "abc", Cut("abcd", 3): "abc...", Cut("aé", 2): "a...",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
