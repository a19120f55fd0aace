package wire

// The functions below find the ends of values and check that they are JSON. Decoding spends most of its time here,
// which is why they are written by hand: jsontext reads the same values at half the speed. jsontext still produces the
// errors for input that is not JSON, and the tests compare with it.

// maxDepth is how deep values may nest, as in jsontext.
const maxDepth = 10000

// space returns the index of the first byte from i on that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scanNumber returns the index after the number that begins at i, or -1 if there is none.
func scanNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = digits(b, i); i == start || b[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// scanLiteral returns the index after a word, or -1 if b does not have it at i.
func scanLiteral(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// scanValue returns the index after the value that begins at i, and whether the strings in it are valid. The index is
// -1 if there is no value, or if it nests deeper than depth.
func scanValue(b []byte, i, depth int) (end int, valid bool) {
	if i >= len(b) {
		return -1, false
	}
	switch b[i] {
	case '"':
		return scanString(b, i)
	case '{', '[':
		return scanNested(b, i, depth-1)
	case 't':
		return scanLiteral(b, i, "true"), true
	case 'f':
		return scanLiteral(b, i, "false"), true
	case 'n':
		return scanLiteral(b, i, "null"), true
	}
	return scanNumber(b, i), true
}

// scanNested is scanValue for an object or a list.
func scanNested(b []byte, i, depth int) (end int, valid bool) {
	if depth < 0 {
		return -1, false
	}
	object := b[i] == '{'
	closing := b[i] + 2 // } and ] follow { and [ by 2 in ASCII
	if i = space(b, i+1); i < len(b) && b[i] == closing {
		return i + 1, true
	}
	valid = true
	for {
		var ok bool
		if object {
			if i, ok = scanString(b, i); i < 0 {
				return -1, false
			}
			valid = valid && ok
			if i = space(b, i); i >= len(b) || b[i] != ':' {
				return -1, false
			}
			i = space(b, i+1)
		}
		if i, ok = scanValue(b, i, depth); i < 0 {
			return -1, false
		}
		valid = valid && ok
		switch i = space(b, i); {
		case i >= len(b):
			return -1, false
		case b[i] == closing:
			return i + 1, valid
		case b[i] != ',':
			return -1, false
		}
		i = space(b, i+1)
	}
}
