package messages_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

const (
	png  = "\x89PNG\r\n\x1a\nrest"
	jpeg = "\xff\xd8\xffrest"
	gif  = "GIF89arest"
	webp = "RIFF\x04\x00\x00\x00WEBPVP8 rest"
	pdf  = "%PDF-1.7\n\xff"
)

func TestMediaOfBytes(t *testing.T) {
	t.Parallel()
	image := func(data string) (any, error) { return messages.Image([]byte(data)) }
	document := func(data string) (any, error) { return messages.Document([]byte(data)) }
	b64 := func(data string) string { return base64.StdEncoding.EncodeToString([]byte(data)) }
	for name, tt := range map[string]struct {
		make func(string) (any, error)
		data string
		want string // JSON, or a part of the error
	}{
		"image/png":            {image, png, `{"type":"image","source":{"type":"base64","data":"` + b64(png) + `","media_type":"image/png"}}`},
		"image/jpeg":           {image, jpeg, `{"type":"image","source":{"type":"base64","data":"` + b64(jpeg) + `","media_type":"image/jpeg"}}`},
		"image/gif":            {image, gif, `{"type":"image","source":{"type":"base64","data":"` + b64(gif) + `","media_type":"image/gif"}}`},
		"image/webp":           {image, webp, `{"type":"image","source":{"type":"base64","data":"` + b64(webp) + `","media_type":"image/webp"}}`},
		"image/bmp":            {image, "BMrest", "image/bmp"},
		"image/text":           {image, "hello", "image is text/plain; charset=utf-8: it must be JPEG, PNG, GIF or WebP"},
		"image/empty":          {image, "", "image is empty"},
		"image/base64":         {image, b64(png), "image is already in base64: pass its bytes"},
		"image/data URL":       {image, "data:image/png;base64," + b64(png), "image is already in base64: pass its bytes"},
		"image/text in base64": {image, b64("hello, this is no image"), "image is text/plain"},
		"image/largest":        {image, png + strings.Repeat("x", 7864320-len(png)), ""},
		"image/too large":      {image, png + strings.Repeat("x", 7864321-len(png)), "image has 7864321 bytes: at most 7864320 are allowed"},

		"document/pdf":             {document, pdf, `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"` + b64(pdf) + `"}}`},
		"document/text":            {document, "Suppe 5 €\n", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Suppe 5 €\n"}}`},
		"document/markdown":        {document, "<!-- from <html> -->\n<p>é", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"<!-- from <html> -->\n<p>é"}}`},
		"document/mark":            {document, "\ufeffa", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}}`},
		"document/mentions a PDF":  {document, "It begins with %PDF-1.7", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"It begins with %PDF-1.7"}}`},
		"document/html":            {document, "\ufeff \n<HTML lang=de>é", "document is an HTML page: extract its text"},
		"document/doctype":         {document, "<!DOCTYPE html>", "document is an HTML page: extract its text"},
		"document/latin 1":         {document, "Z\xfcrich", "document is neither a PDF nor plain text in UTF-8"},
		"document/zero byte":       {document, "a\x00b", "document is binary data: it must be a PDF or plain text"},
		"document/late zero":       {document, strings.Repeat("a", 600) + "\x00b", "document is neither a PDF nor plain text in UTF-8"},
		"document/empty":           {document, "", "document is empty or only white space"},
		"document/only mark":       {document, "\ufeff", "document is empty or only white space"},
		"document/blank":           {document, strings.Repeat(" \t\r\n", 1000), "document is empty or only white space"},
		"document/blank first":     {document, strings.Repeat(" ", 1100) + "x", ""},
		"document/zip":             {document, "PK\x03\x04\x14\x00rest", "document is a ZIP archive, as DOCX, XLSX, EPUB and other files are"},
		"document/gzip":            {document, "\x1f\x8b\x08rest", "document is a gzip file: it must be a PDF or plain text in UTF-8"},
		"document/doc":             {document, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "document is an old Microsoft Office file"},
		"document/rtf":             {document, `{\rtf1\ansi a}`, "document is an RTF document"},
		"document/png":             {document, png, "document is a PNG image: use Image"},
		"document/UTF-16":          {document, "\xff\xfea\x00", "document is text in UTF-16"},
		"document/UTF-16, no mark": {document, "a\x00b\x00c\x00", "document is text in UTF-16"},
		"document/short PDF":       {document, "%PDF", "document is a damaged PDF: it must begin with %PDF-"},
		"document/PDF later":       {document, "\r\n" + pdf, "document is a PDF with 2 bytes before its beginning %PDF-: remove them"},
		"document/PDF, mark":       {document, "\ufeff\n" + pdf, "document is a PDF with 4 bytes before its beginning %PDF-: remove them"},
		"document/PDF in base64":   {document, b64(pdf + pdf), "document is a PDF that is already in base64: pass its bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.make(tt.data)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !strings.HasPrefix(tt.want, "{") {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !reflect.ValueOf(got).IsNil() {
					t.Errorf("got %v, %v, want %q in the error", got, err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(value(t, tt.want), value(t, encode(t, got))); diff != "" {
				t.Error(diff)
			}
			checkUser(t, got.(client.ContentBlockParam))
		})
	}
	// The formats must be those of the contract.
	var formats []any
	for _, data := range []string{jpeg, png, gif, webp} {
		b, err := messages.Image([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		formats = append(formats, string(b.Source.(*client.Base64ImageSource).MediaType))
	}
	if diff := cmp.Diff(contract.Load().Components.Schemas["BetaBase64ImageSource"].Value.Properties["media_type"].Value.Enum, formats); diff != "" {
		t.Errorf("the contract has other formats:\n%s", diff)
	}
	if most := contract.Load().Components.Schemas["BetaBase64ImageSource"].Value.Properties["data"].Value.MaxLength; most == nil || *most != uint64(base64.StdEncoding.EncodedLen(7864320)) {
		t.Errorf("the contract has another limit: %v", most)
	}
}

// checkUser checks a user message with these blocks against the contract.
func checkUser(t *testing.T, blocks ...client.ContentBlockParam) {
	t.Helper()
	p := params()
	p.Messages = []client.InputMessage{messages.User(blocks...)}
	checkParams(t, p)
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]any{
		`{"type":"text","text":"a"}`: messages.TextBlock("a"),
		`{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}`:                                                    messages.ImageURL("https://example.com/a.png"),
		`{"type":"image","source":{"type":"file","file_id":"file_1"}}`:                                                                  messages.ImageFile("file_1"),
		`{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}`:                                                 messages.DocumentURL("https://example.com/a.pdf"),
		`{"type":"document","source":{"type":"file","file_id":"file_1"}}`:                                                               messages.DocumentFile("file_1"),
		`{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"file_1"}},{"type":"text","text":"What is it?"}]}`: messages.User(messages.ImageFile("file_1"), messages.TextBlock("What is it?")),
	} {
		if got := encode(t, got); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if block, ok := got.(client.ContentBlockParam); ok {
			checkUser(t, block)
		}
	}
	p := params()
	p.System = messages.System(messages.TextBlock("Be brief."), messages.TextBlock("Be kind."))
	checkParams(t, p)
	if got := encode(t, &p); !strings.Contains(got, `"system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}]`) {
		t.Errorf("got %s", got)
	}
}

func TestCached(t *testing.T) {
	t.Parallel()
	block := messages.TextBlock("a")
	hour, err := messages.Cached(block, client.CacheTTLOneHour)
	if err != nil || block.CacheControl != nil || encode(t, hour) != `{"type":"text","cache_control":{"type":"ephemeral","ttl":"1h"},"text":"a"}` {
		t.Errorf("got %+v from %+v, %v", hour, block, err)
	}
	var any client.ContentBlockParam = messages.ImageFile("file_1")
	cached, err := messages.Cached(any, "")
	if err != nil || encode(t, cached) != `{"type":"image","cache_control":{"type":"ephemeral"},"source":{"type":"file","file_id":"file_1"}}` {
		t.Errorf("got %+v, %v", cached, err)
	}
	again, err := messages.Cached(hour, client.CacheTTLFiveMinutes)
	if err != nil || again.CacheControl.TTL != "5m" || hour.CacheControl.TTL != "1h" {
		t.Errorf("got %+v from %+v, %v", again, hour, err)
	}
	for name, block := range map[string]client.ContentBlockParam{
		"thinking":  &gen.BetaThinkingBlockParam{},
		"unknown":   &client.Unknown{Type: "text"},
		"nil":       nil,
		"typed nil": (*client.TextBlockParam)(nil),
	} {
		if got, err := messages.Cached(block, ""); err == nil || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if _, err := messages.Cached("text", ""); err == nil {
		t.Error("a string has a cache breakpoint")
	}
}

// TestCachedTakesAll iterates over the contract: Cached accepts exactly the blocks and tools that can have a breakpoint.
func TestCachedTakesAll(t *testing.T) {
	t.Parallel()
	schemas := contract.Load().Components.Schemas
	for union, unmarshal := range map[string]func([]byte) (any, error){
		"BetaContentBlockParam": func(b []byte) (any, error) { return gen.UnmarshalBetaContentBlockParam(b) },
		"BetaToolUnion":         func(b []byte) (any, error) { return gen.UnmarshalBetaToolUnion(b) },
	} {
		for _, ref := range schemas[union].Value.OneOf {
			name := ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]
			tag, _ := ref.Value.Properties["type"].Value.Const.(string)
			if tag == "" && len(ref.Value.Properties["type"].Value.Enum) > 0 {
				tag = ref.Value.Properties["type"].Value.Enum[0].(string)
			}
			x, err := unmarshal([]byte(`{"type":"` + tag + `"}`))
			if _, ok := x.(*client.Unknown); ok || x == nil {
				t.Fatalf("%s: %v, %v", name, x, err)
			}
			_, can := ref.Value.Properties["cache_control"]
			got, err := messages.Cached(x, client.CacheTTLOneHour)
			if can != (err == nil) {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
			if can && !strings.Contains(encode(t, got), `"cache_control":{"type":"ephemeral","ttl":"1h"}`) {
				t.Errorf("%s: got %s", name, encode(t, got))
			}
		}
	}
}
