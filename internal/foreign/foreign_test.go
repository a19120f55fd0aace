package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"kept/ASCII":           {`a "b" \c 'd' <e>`, `a "b" \c 'd' <e>`},
		"kept/letters":         {"Grüße, 世界\u3000😀", "Grüße, 世界\u3000😀"},
		"kept/replacement":     {"a\ufffdb", "a\ufffdb"},
		"escaped/line break":   {"a\r\nb\tc", `a\r\nb\tc`},
		"escaped/C0 and DEL":   {"\x00\x1b[2J\x7f", `\x00\x1b[2J\x7f`},
		"escaped/C1":           {"\u0085\u009b2J", `\u0085\u009b2J`},
		"escaped/separators":   {"a\u2028b\u2029", `a\u2028b\u2029`},
		"escaped/bidi":         {"\u202eabc\u2066\u061c\u200f", `\u202eabc\u2066\u061c\u200f`},
		"escaped/zero width":   {"a\u200bb\u200d\ufeff\u00ad", `a\u200bb\u200d\ufeff\u00ad`},
		"escaped/tags":         {"a\U000e0041", `a\U000e0041`},
		"escaped/invalid":      {"a\xffb\x9b\xc3", `a\xffb\x9b\xc3`},
		"escaped/quote of it":  {"'\n'", `'\n'`},
		"bounded/long":         {strings.Repeat("x", 501), strings.Repeat("x", 500) + "..."},
		"bounded/at a rune":    {strings.Repeat("x", 499) + "é", strings.Repeat("x", 499) + "..."},
		"bounded/at an escape": {strings.Repeat("x", 497) + "\u202e", strings.Repeat("x", 497) + "..."},
		"bounded/just":         {strings.Repeat("x", 500), strings.Repeat("x", 500)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Fit(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := Short(strings.Repeat("\n", 80)); got != strings.Repeat(`\n`, 50)+"..." {
		t.Errorf("short: %q", got)
	}
	if got := All(strings.Repeat("\U000e0041", 1000)); len(got) != 10*1000 {
		t.Errorf("all: %d bytes", len(got))
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	if Error(nil) != nil {
		t.Error("nil does not stay nil")
	}
	if plain := io.ErrUnexpectedEOF; Error(plain) != plain {
		t.Error("an error that is fit is wrapped")
	}
	_, err := os.Open("no\nsuch\x1bfile")
	fit := Error(err)
	if fit.Error() != `open no\nsuch\x1bfile: no such file or directory` || !errors.Is(fit, os.ErrNotExist) {
		t.Errorf("got %q", fit)
	}
}

func TestSealed(t *testing.T) {
	t.Parallel()
	inner := fmt.Errorf("secret: %w", errors.Join(context.DeadlineExceeded, io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: errors.New("secret")}))
	err := fmt.Errorf("get batch: %w", Sealed("hidden", inner))
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	if err.Error() != "get batch: hidden" || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.As(err, &op) || !errors.As(err, &timeout) || !timeout.Timeout() || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "secret") {
		t.Errorf("got %#v", err)
	}
	has := func(s string) bool { return strings.Contains(s, "secret") }
	if Reaches(err, has) || !Reaches(fmt.Errorf("x: %w", &fitted{"y", inner}), has) {
		t.Error("the texts of a tree of errors are not those of its errors")
	}
}

// FuzzFit looks for characters that must not appear in a text, by other means than the code under test.
func FuzzFit(f *testing.F) {
	f.Add("a\u202e\x9b\u0085\r\n\xff\u2028")
	f.Add(strings.Repeat("\U000e0041", 60))
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Fit(s), Short(s), All(s)} {
			if !utf8.ValidString(got) {
				t.Fatalf("invalid UTF-8: %q", got)
			}
			for _, r := range got {
				if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Cf, unicode.Zl, unicode.Zp) {
					t.Fatalf("%q holds %U", got, r)
				}
			}
			if Fit(got) != got && len(got) <= longest {
				t.Fatalf("%q is not fit", got)
			}
		}
		if len(Fit(s)) > longest+3 || len(Short(s)) > longestShort+3 {
			t.Fatal("too long")
		}
	})
}
