package sniff

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ data, text, format string }{
		"text/empty":            {"", "", ""},
		"text/JSON":             {`{"a":1}`, `{"a":1}`, ""},
		"text/mark":             {"\ufeffa", "a", ""},
		"text/invalid UTF-8":    {"Z\xfcrich", "Z\xfcrich", ""},
		"text/begins like":      {"BZ, PAR, GIF, PK and RIFF", "BZ, PAR, GIF, PK and RIFF", ""},
		"text/begins like 2":    {"BZhang", "BZhang", ""},
		"text/begins like 3":    {"RIFF is a format, WEBP is one", "RIFF is a format, WEBP is one", ""},
		"text/shorter":          {"PK", "PK", ""},
		"UTF-16/little":         {"\xff\xfea\x00", "", "text in UTF-16"},
		"UTF-16/big":            {"\xfe\xff\x00a", "", "text in UTF-16"},
		"UTF-16/little, bare":   {"a\x00b\x00", "", "text in UTF-16"},
		"UTF-16/big, bare":      {"\x00a\x00b", "", "text in UTF-16"},
		"UTF-32/little":         {"\xff\xfe\x00\x00a\x00\x00\x00", "", "text in UTF-32"},
		"binary/gzip":           {"\x1f\x8b\x08", "", "a gzip file"},
		"binary/WebP":           {"RIFF\x10\x00\x00\x00WEBPVP8 ", "", "a WebP image"},
		"binary/Parquet":        {"PAR1\x15\x04", "", "a Parquet file"},
		"binary/other":          {"abc\x00def", "", "binary data"},
		"binary/bzip2":          {"BZh91AY&SY", "", "a bzip2 file"},
		"text/zero byte behind": {strings.Repeat("a", 600) + "\x00", strings.Repeat("a", 600) + "\x00", ""},
	} {
		text, format := Text([]byte(tt.data))
		if string(text) != tt.text || format != tt.format {
			t.Errorf("%s: got %q, %q", name, text, format)
		}
	}
	for format, want := range map[string]bool{"a PNG image": true, "a PDF": false, "": false} {
		if IsImage(format) != want {
			t.Errorf("%q is an image: %v", format, !want)
		}
	}
}
