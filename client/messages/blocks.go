package messages

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/sniff"
)

// User returns a user message with these blocks. For a single text use [client.UserText].
func User(blocks ...client.ContentBlockParam) client.InputMessage {
	return &client.UserMessage{Content: client.ContentBlocks(slices.Clone(blocks))}
}

// System returns a system prompt with these blocks, which can have cache breakpoints. For a single text use
// [client.TextContent].
func System(blocks ...*client.TextBlockParam) client.SystemPrompt {
	texts := make(client.TextBlocks, len(blocks))
	for i, b := range blocks {
		texts[i] = *b
	}
	return texts
}

// TextBlock returns a text block. The service refuses a text that is empty or only white space.
func TextBlock(text string) *client.TextBlockParam { return &client.TextBlockParam{Text: text} }

// Image returns an image block that contains the image in base64, which is a third longer than data. The image must be
// a JPEG, PNG, GIF or WebP, detected from its first bytes, and have at most 7,864,320 bytes, which are 10 MiB in base64;
// anything else is an error. The service also refuses images larger than 8000 x 8000 pixels, which Image does not check.
func Image(data []byte) (*client.ImageBlockParam, error) {
	format := client.ImageMediaType(http.DetectContentType(data))
	switch format {
	case client.ImageMediaTypeJPEG, client.ImageMediaTypePNG,
		client.ImageMediaTypeGIF, client.ImageMediaTypeWebP:
		if base64.StdEncoding.EncodedLen(len(data)) > longestImage {
			return nil, fmt.Errorf("image has %d bytes: at most %d are allowed, make it smaller", len(data), base64.StdEncoding.DecodedLen(longestImage))
		}
		return &client.ImageBlockParam{Source: &client.Base64ImageSource{Data: base64.StdEncoding.EncodeToString(data), MediaType: format}}, nil
	}
	if len(data) == 0 {
		return nil, errors.New("image is empty")
	}
	if strings.HasPrefix(http.DetectContentType(decoded(data)), "image/") {
		return nil, errors.New("image is already in base64: pass its bytes")
	}
	return nil, fmt.Errorf("image is %s: it must be JPEG, PNG, GIF or WebP", format)
}

// longestImage is the largest length of an image in base64.
const longestImage = 10 << 20

// decoded returns the beginning of data that is in base64, or nil. It may be in a data URL.
func decoded(data []byte) []byte {
	if _, after, ok := bytes.Cut(data[:min(len(data), 100)], []byte(";base64,")); ok {
		data = data[bytes.Index(data, after):]
	}
	begin := bytes.TrimSpace(data[:min(len(data), 60)])
	begin, err := base64.StdEncoding.AppendDecode(nil, begin[:len(begin)/4*4])
	if err != nil {
		return nil
	}
	return begin
}

// ImageURL returns an image block whose image the service fetches when the request runs.
func ImageURL(url string) *client.ImageBlockParam {
	return &client.ImageBlockParam{Source: &client.URLImageSource{URL: url}}
}

// ImageFile returns an image block for a file of the Files API. The file must exist when the request runs.
func ImageFile(id string) *client.ImageBlockParam {
	return &client.ImageBlockParam{Source: &client.FileImageSource{FileID: id}}
}

// Document returns a document block that contains the document: a PDF, in base64, or plain text in UTF-8, without its
// byte order mark. Set Title, Context and Citations of the block as needed.
//
// Anything else is an error that names the format, as far as the first bytes show it: images, archives such as DOCX files,
// text in UTF-16, PDFs with a damaged beginning. A text that is empty or only white space is an error too, and so is an
// HTML page, which the model would read with its tags; to send one anyway, use a [client.PlainTextSource].
func Document(data []byte) (*client.DocumentBlockParam, error) {
	if bytes.HasPrefix(data, []byte("%PDF-")) {
		return &client.DocumentBlockParam{Source: &client.Base64PDFSource{Data: base64.StdEncoding.EncodeToString(data)}}, nil
	}
	text, format := sniff.Text(data)
	begin := bytes.TrimSpace(text[:min(len(text), 1024)])
	switch at := bytes.Index(data[:min(len(data), 1024)], []byte("%PDF-")); {
	case at > 0 && len(bytes.TrimSpace(bytes.TrimPrefix(data[:at], []byte("\ufeff")))) == 0:
		return nil, fmt.Errorf("document is a PDF with %d bytes before its beginning %%PDF-: remove them", at)
	case format == "a PDF":
		return nil, errors.New("document is a damaged PDF: it must begin with %PDF-")
	case sniff.IsImage(format):
		return nil, fmt.Errorf("document is %s: use Image", format)
	case format == "a ZIP archive":
		return nil, errors.New("document is a ZIP archive, as DOCX, XLSX, EPUB and other files are: it must be a PDF or plain text in UTF-8")
	case format != "":
		return nil, fmt.Errorf("document is %s: it must be a PDF or plain text in UTF-8", format)
	case bytes.HasPrefix(decoded(data), []byte("%PDF-")):
		return nil, errors.New("document is a PDF that is already in base64: pass its bytes")
	case len(begin) == 0 && len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("document is empty or only white space")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, errors.New("document is neither a PDF nor plain text in UTF-8")
	case beginsWith(begin, "<!doctype html"), beginsWith(begin, "<html"):
		return nil, errors.New("document is an HTML page: extract its text, or use a client.PlainTextSource to send it with its tags")
	}
	return &client.DocumentBlockParam{Source: &client.PlainTextSource{Data: string(text)}}, nil
}

// beginsWith reports whether text begins with a lower-case word, in any case.
func beginsWith(text []byte, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(string(text[:len(word)]), word)
}

// DocumentURL returns a document block whose PDF the service fetches when the request runs.
func DocumentURL(url string) *client.DocumentBlockParam {
	return &client.DocumentBlockParam{Source: &client.URLPDFSource{URL: url}}
}

// DocumentFile returns a document block for a file of the Files API, a PDF or plain text. The file must exist when the
// request runs.
func DocumentFile(id string) *client.DocumentBlockParam {
	return &client.DocumentBlockParam{Source: &client.FileDocumentSource{FileID: id}}
}

// Cached returns a copy of a block or a tool with a cache breakpoint after it. The cache entry lives for 5 minutes or an
// hour after its last use; a zero ttl means 5 minutes. In a batch use an hour: requests may run that far apart. A request
// may have 4 breakpoints.
//
// Cached returns an error if block is nil, a [*client.Unknown], or of a type that cannot have a breakpoint, such as
// thinking.
func Cached[B any](block B, ttl client.CacheTTL) (B, error) {
	var zero B
	v := reflect.ValueOf(block)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return zero, errors.New("cache breakpoint: the block is nil or not a block")
	}
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	field := c.Elem().FieldByName("CacheControl")
	if !field.IsValid() {
		return zero, fmt.Errorf("cache breakpoint: a %v cannot have one", v.Type())
	}
	field.Set(reflect.ValueOf(&client.CacheControl{TTL: ttl}))
	return c.Interface().(B), nil
}
