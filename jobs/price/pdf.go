package price

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

const (
	pageImage    = 1568     // tokens of a page as an image, for all models
	pageText     = 700      // expected tokens of the text on a page
	mostPageText = 3000     // maximum tokens of the text on a page
	bytesOfPage  = 50_000   // assumed if pages cannot be counted
	mostPages    = 100      // maximum of a document that is not in the request
	mostPDF      = 32 << 20 // maximum bytes that are decoded
)

// pages returns the number of pages of a PDF. counted is false if it is a guess by its size.
func pages(data []byte) (n int64, counted bool) {
	doc := decode(data, min(base64.StdEncoding.DecodedLen(len(data)), mostPDF))
	n = max(n, pageObjects(doc), pageCount(doc))
	if n > 0 {
		return n, true
	}
	return 1 + int64(base64.StdEncoding.DecodedLen(len(data)))/bytesOfPage, false
}

// pageObjects counts the page objects.
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

// pageCount returns the largest count in the page tree.
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

// pdfTokens returns the tokens of n pages.
func (m *Model) pdfTokens(n int64, counted bool) Range {
	r := Range{n * pageImage, n * (pageImage + m.scale(pageText)), n * (pageImage + m.scale(mostPageText))}
	if !counted {
		r.Low, r.High = r.Low/3, r.High*3
	}
	return r
}

// scale converts tokens of models up to Claude 4.6 into tokens of the model.
func (m *Model) scale(tokens int64) int64 {
	if m.Text == 0 {
		return int64(float64(tokens) * newerText)
	}
	return int64(float64(tokens) * m.Text)
}

// newerText is the ratio of the tokens of a text with the newer tokenizer to those with models up to Claude 4.6.
const newerText = 1.35

// unknownDocument is the range of a document that is not in the request.
func (m *Model) unknownDocument() Range {
	return Range{1, m.pdfTokens(5, true).Expected, m.pdfTokens(mostPages, true).High}
}
