package messages

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// User returns a message from the user, made of blocks. For a single text there is [client.UserText].
func User(blocks ...gen.BetaContentBlockParam) client.InputMessage {
	return &gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks(slices.Clone(blocks))}
}

// System returns a system prompt made of blocks, which can carry cache breakpoints. For a single text there is
// [gen.BetaTextContent].
func System(blocks ...*gen.BetaTextBlockParam) gen.BetaSystemPrompt {
	texts := make(gen.BetaTextBlocks, len(blocks))
	for i, b := range blocks {
		texts[i] = *b
	}
	return texts
}

// TextBlock returns a block of text. The service refuses a block of nothing but white space.
func TextBlock(text string) *gen.BetaTextBlockParam { return &gen.BetaTextBlockParam{Text: text} }

// Image returns an image whose bytes go into the request, as base64, which makes them a third longer. Its format is
// told by the bytes: JPEG, PNG, GIF or WebP. Anything else is an error.
func Image(data []byte) (*gen.BetaImageBlockParam, error) {
	format := gen.BetaBase64ImageSourceMediaType(http.DetectContentType(data))
	switch format {
	case gen.BetaBase64ImageSourceMediaTypeImageJPEG, gen.BetaBase64ImageSourceMediaTypeImagePNG,
		gen.BetaBase64ImageSourceMediaTypeImageGIF, gen.BetaBase64ImageSourceMediaTypeImageWebp:
		return &gen.BetaImageBlockParam{Source: &gen.BetaBase64ImageSource{Data: base64.StdEncoding.EncodeToString(data), MediaType: format}}, nil
	}
	return nil, fmt.Errorf("image is %s: it must be JPEG, PNG, GIF or WebP", format)
}

// ImageURL returns an image that the service fetches when the request runs.
func ImageURL(url string) *gen.BetaImageBlockParam {
	return &gen.BetaImageBlockParam{Source: &gen.BetaURLImageSource{URL: url}}
}

// ImageFile returns an image that was uploaded with the Files API. It has to exist when the request runs.
func ImageFile(id string) *gen.BetaImageBlockParam {
	return &gen.BetaImageBlockParam{Source: &gen.BetaFileImageSource{FileID: id}}
}

// Document returns a document whose bytes go into the request: a PDF, as base64, or a plain text in UTF-8, a byte order
// mark left out. Anything else is an error. Set Title, Context and Citations of the block as needed.
func Document(data []byte) (*gen.BetaRequestDocumentBlock, error) {
	if http.DetectContentType(data) == "application/pdf" {
		return &gen.BetaRequestDocumentBlock{Source: &gen.BetaBase64PDFSource{Data: base64.StdEncoding.EncodeToString(data)}}, nil
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	switch {
	case text == "":
		return nil, errors.New("document is empty")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, errors.New("document is neither a PDF nor a plain text in UTF-8")
	}
	return &gen.BetaRequestDocumentBlock{Source: &gen.BetaPlainTextSource{Data: text}}, nil
}

// DocumentURL returns a PDF that the service fetches when the request runs.
func DocumentURL(url string) *gen.BetaRequestDocumentBlock {
	return &gen.BetaRequestDocumentBlock{Source: &gen.BetaURLPDFSource{URL: url}}
}

// DocumentFile returns a PDF or a plain text that was uploaded with the Files API. It has to exist when the request
// runs.
func DocumentFile(id string) *gen.BetaRequestDocumentBlock {
	return &gen.BetaRequestDocumentBlock{Source: &gen.BetaFileDocumentSource{FileID: id}}
}

// Cached returns a copy of a block or a tool with a cache breakpoint after it, which lives for 5 minutes or an hour
// after its last use; the zero TTL is 5 minutes. In a batch an hour is what helps. A request may have 4 breakpoints.
//
// The error says that the contract has no breakpoint for such a block, as for thinking, or that it is nil or a
// *gen.Unknown.
func Cached[B any](block B, ttl gen.BetaCacheControlEphemeralTTL) (B, error) {
	var zero B
	v := reflect.ValueOf(block)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return zero, errors.New("cache breakpoint: there is no block")
	}
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	field := c.Elem().FieldByName("CacheControl")
	if !field.IsValid() {
		return zero, fmt.Errorf("cache breakpoint: a %v cannot carry one", v.Type())
	}
	field.Set(reflect.ValueOf(&gen.BetaCacheControlEphemeral{TTL: ttl}))
	return c.Interface().(B), nil
}
