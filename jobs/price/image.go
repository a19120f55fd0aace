package price

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
)

// A Range is an estimated number with its bounds.
type Range struct {
	Low      int64 `json:"low"`      // at least
	Expected int64 `json:"expected"` // most likely
	High     int64 `json:"high"`     // at most
}

func (r Range) plus(o Range) Range {
	return Range{r.Low + o.Low, r.Expected + o.Expected, r.High + o.High}
}

const patch = 28 // pixels; a square with this side is a token

// imageTokens returns the tokens of an image for a model.
func (m *Model) imageTokens(width, height int64) int64 {
	edge, most := m.imageLimits()
	width, height = max(width, 1), max(height, 1)
	long, short := max(width, height), min(width, height)
	for side := min(long, edge); side > 0; side-- { // scaled down, keeping the proportions
		if n := patches(side) * patches(max(1, short*side/long)); n <= most {
			return n
		}
	}
	return most
}

func patches(pixels int64) int64 { return (pixels + patch - 1) / patch }

func (m *Model) imageLimits() (edge, tokens int64) {
	edge, tokens = m.ImageEdge, m.ImageTokens
	if edge == 0 {
		edge = 2576
	}
	if tokens == 0 {
		tokens = 4784
	}
	return edge, tokens
}

// unknownImage is the range of an image of unknown size.
func (m *Model) unknownImage() Range {
	_, most := m.imageLimits()
	return Range{1, min(1500, most), most}
}

// headBytes is how much of an image is decoded first: enough for all images except photographs with long metadata.
const headBytes = 16 << 10

// pixels reads the size of an image from its first bytes. ok is false if it is not there.
func pixels(data []byte) (width, height int64, ok bool) {
	for _, n := range []int{headBytes, 16 * headBytes} {
		if width, height, ok = sizeOf(decode(data, n)); ok {
			break
		}
	}
	return width, height, ok
}

// decode decodes the first bytes of base64.
func decode(data []byte, most int) []byte {
	head := data[:min(len(data), base64.StdEncoding.EncodedLen(most))]
	if bytes.IndexByte(head, '\\') >= 0 { // an escaped slash or line break
		head = bytes.ReplaceAll(bytes.ReplaceAll(head, []byte(`\/`), []byte("/")), []byte(`\n`), nil)
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(head)))
	n, _ := base64.StdEncoding.Decode(out, head) // out has the bytes before an error
	return out[:n]
}

func sizeOf(b []byte) (width, height int64, ok bool) {
	switch {
	case len(b) >= 24 && bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:])), true
	case len(b) >= 10 && bytes.HasPrefix(b, []byte("GIF8")):
		return int64(binary.LittleEndian.Uint16(b[6:])), int64(binary.LittleEndian.Uint16(b[8:])), true
	case len(b) >= 30 && bytes.HasPrefix(b, []byte("RIFF")) && string(b[8:12]) == "WEBP":
		return sizeOfWebP(b)
	case bytes.HasPrefix(b, []byte{0xFF, 0xD8}):
		return sizeOfJPEG(b)
	}
	return 0, 0, false
}

func sizeOfWebP(b []byte) (width, height int64, ok bool) {
	switch string(b[12:16]) {
	case "VP8 ":
		return int64(binary.LittleEndian.Uint16(b[26:]) & 0x3FFF), int64(binary.LittleEndian.Uint16(b[28:]) & 0x3FFF), true
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return int64(bits&0x3FFF) + 1, int64(bits>>14&0x3FFF) + 1, true
	case "VP8X":
		return int64(uint32(b[24])|uint32(b[25])<<8|uint32(b[26])<<16) + 1, int64(uint32(b[27])|uint32(b[28])<<8|uint32(b[29])<<16) + 1, true
	}
	return 0, 0, false
}

// sizeOfJPEG looks for the frame header after the leading segments.
func sizeOfJPEG(b []byte) (width, height int64, ok bool) {
	for at := 2; at+9 <= len(b) && b[at] == 0xFF; {
		marker := b[at+1]
		switch {
		case marker == 0xFF:
			at++
			continue
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
			return int64(binary.BigEndian.Uint16(b[at+7:])), int64(binary.BigEndian.Uint16(b[at+5:])), true
		}
		at += 2 + int(binary.BigEndian.Uint16(b[at+2:]))
	}
	return 0, 0, false
}
