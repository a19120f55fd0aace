package price

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

const (
	pageImage    = 1568     // tokens of a page as an image, for all models
	pageText     = 700      // tokens of the text on a page
	mostPageText = 3000     // and at most
	bytesOfPage  = 50_000   // if pages cannot be counted
	mostPages    = 100      // of a document that is not in the request
	mostPDF      = 32 << 20 // bytes that are decoded
)

// pages returns how many pages a PDF has. counted is false if that is a guess by its size.
func pages(data []byte) (n int64, counted bool) {
	doc := decode(data, min(base64.StdEncoding.DecodedLen(len(data)), mostPDF))
	n = max(n, pageObjects(doc), pageCount(doc))
	if n > 0 {
		return n, true
	}
	return 1 + int64(base64.StdEncoding.DecodedLen(len(data)))/bytesOfPage, false
}

// pageObjects counts the objects of pages.
func pageObjects(doc []byte) (n int64) {
	for rest := doc; ; {
		_, after, ok := bytes.Cut(rest, []byte("/Type"))
		if !ok {
			return n
		}
		rest = after
		value := bytes.TrimLeft(after[:min(len(after), 16)], " \r\n\t")
		if bytes.HasPrefix(value, []byte("/Page")) && !bytes.HasPrefix(value, []byte("/Pages")) {
			n++
		}
	}
}

// pageCount returns the largest count in a tree of pages.
func pageCount(doc []byte) (n int64) {
	for rest := doc; ; {
		_, after, ok := bytes.Cut(rest, []byte("/Count "))
		if !ok {
			return n
		}
		rest = after
		digits := 0
		for digits < min(len(after), 6) && '0' <= after[digits] && after[digits] <= '9' {
			digits++
		}
		if count, err := strconv.ParseInt(string(after[:digits]), 10, 64); err == nil {
			n = max(n, count)
		}
	}
}

// pdfTokens returns the tokens of so many pages.
func (m *Model) pdfTokens(n int64, counted bool) Range {
	r := Range{n * pageImage, n * (pageImage + m.scale(pageText)), n * (pageImage + m.scale(mostPageText))}
	if !counted {
		r.Low, r.High = r.Low/3, r.High*3
	}
	return r
}

// scale returns the tokens of a model for those of models until Claude 4.6.
func (m *Model) scale(tokens int64) int64 {
	if m.Text == 0 {
		return int64(float64(tokens) * newerText)
	}
	return int64(float64(tokens) * m.Text)
}

// newerText is how many times the tokens of models until Claude 4.6 a text has with the newer tokenizer.
const newerText = 1.35

// unknownDocument is the range of a document that is not in the request.
func (m *Model) unknownDocument() Range {
	return Range{1, m.pdfTokens(5, true).Expected, m.pdfTokens(mostPages, true).High}
}
