package price

import (
	"bytes"
	"errors"
)

var errMalformed = errors.New("not a request in JSON")

// A cursor moves over JSON that is validated elsewhere. Malformed JSON sets bad and moves it to the end.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

func (c *cursor) fail() {
	c.bad, c.at = true, len(c.b)
}

// next returns the first byte of the next value or sign, or 0 at the end.
func (c *cursor) next() byte {
	for c.at < len(c.b) {
		switch c.b[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return c.b[c.at]
		}
	}
	return 0
}

// take moves over a sign if it is next.
func (c *cursor) take(sign byte) bool {
	if c.next() != sign {
		return false
	}
	c.at++
	return true
}

// text returns the text between the quotes of a string, still escaped.
func (c *cursor) text() []byte {
	if !c.take('"') {
		c.fail()
		return nil
	}
	begin := c.at
	for {
		n := bytes.IndexByte(c.b[c.at:], '"')
		if n < 0 {
			c.fail()
			return nil
		}
		end := c.at + n
		c.at = end + 1
		backslashes := 0
		for end-1-backslashes >= begin && c.b[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return c.b[begin:end]
		}
	}
}

// raw moves over a value and returns it.
func (c *cursor) raw() []byte {
	first := c.next()
	begin := c.at
	switch first {
	case '"':
		c.text()
	case '{', '[':
		for depth := 0; ; {
			if c.at >= len(c.b) {
				c.fail()
				return nil
			}
			switch c.b[c.at] {
			case '"':
				c.text()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if c.at++; depth == 0 {
				return c.b[begin:c.at]
			}
		}
	default:
		for c.at < len(c.b) && bytes.IndexByte([]byte(" \t\r\n,}]"), c.b[c.at]) < 0 {
			c.at++
		}
		if c.at == begin {
			c.fail()
		}
	}
	if c.bad {
		return nil
	}
	return c.b[begin:c.at]
}

// object calls f at the value of each member of an object. f must move over the value.
func (c *cursor) object(f func(name []byte)) {
	if !c.take('{') {
		c.fail()
	}
	if c.take('}') {
		return
	}
	for !c.bad {
		name := c.text()
		if !c.take(':') {
			c.fail()
			return
		}
		f(name)
		if c.take('}') {
			return
		}
		if !c.take(',') {
			c.fail()
		}
	}
}

// array calls f at each element of an array. f must move over the element.
func (c *cursor) array(f func()) {
	if !c.take('[') {
		c.fail()
	}
	if c.take(']') {
		return
	}
	for !c.bad {
		f()
		if c.take(']') {
			return
		}
		if !c.take(',') {
			c.fail()
		}
	}
}

// inner returns the text between the quotes of a value, or nil if it is not a string.
func inner(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	return raw[1 : len(raw)-1]
}
