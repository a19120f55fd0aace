// Package sniff detects, from the first bytes of a file, formats that people confuse with plain text.
package sniff

import (
	"bytes"
	"strings"
)

// Text returns data without a byte order mark if it may be UTF-8 text, and otherwise the name of its format, such as "a
// ZIP archive". Formats that are text themselves, such as HTML, count as text. Only the first 512 bytes are examined.
func Text(data []byte) (text []byte, format string) {
	for _, s := range signatures {
		if s.matches(data) {
			return nil, s.format
		}
	}
	head := data[:min(len(data), 512)]
	// In UTF-16 without a byte order mark, every second byte of Latin letters is zero.
	if len(head) >= 4 {
		switch {
		case head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0, head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
			return nil, "text in UTF-16"
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, "binary data"
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), ""
}

// A signature is how files of a format begin.
type signature struct {
	begin  string // a dot matches any byte
	format string
}

func (s signature) matches(data []byte) bool {
	if len(data) < len(s.begin) {
		return false
	}
	for i := range len(s.begin) {
		if s.begin[i] != '.' && s.begin[i] != data[i] {
			return false
		}
	}
	return true
}

// IsImage reports whether a format returned by [Text] is an image format.
func IsImage(format string) bool { return strings.HasSuffix(format, " image") }

var signatures = []signature{
	{"\xff\xfe\x00\x00", "text in UTF-32"},
	{"\x00\x00\xfe\xff", "text in UTF-32"},
	{"\xff\xfe", "text in UTF-16"},
	{"\xfe\xff", "text in UTF-16"},
	{"\x1f\x8b", "a gzip file"},
	{"PK\x03\x04", "a ZIP archive"},
	{"PK\x05\x06", "a ZIP archive"},
	{"PAR1\x15", "a Parquet file"},
	{"Obj\x01", "an Avro file"},
	{"ARROW1\x00\x00", "an Arrow file"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"\x28\xb5\x2f\xfd", "a Zstandard file"},
	{"BZh.1AY&SY", "a bzip2 file"},
	{"\xfd7zXZ\x00", "an XZ file"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file"},
	{"%PDF", "a PDF"},
	{"{\\rtf", "an RTF document"},
	{"%!PS", "a PostScript file"},
	{"\x89PNG\r\n\x1a\n", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF87a", "a GIF image"},
	{"GIF89a", "a GIF image"},
	{"RIFF....WEBP", "a WebP image"},
	{"II*\x00", "a TIFF image"},
	{"MM\x00*", "a TIFF image"},
}
