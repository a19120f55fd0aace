package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A template makes requests from rows. It is JSON with {column} in its strings.
type template struct {
	id    columnText // of the template's custom_id, nil if it has none
	steps []step     // that make the params
	files *files
}

// A step appends a part of the parameters: fixed JSON, a string, or a file.
type step struct {
	fixed []byte
	text  columnText
	file  *fileStep
}

// A fileStep appends the block for a file, or only its source.
type fileStep struct {
	path columnText
	kind string // of the block that contains the source; empty for a whole block
}

// A templateCompiler compiles a template for a table.
type templateCompiler struct {
	texts *textCompiler
	files *files
	steps []step
}

// compileTemplate compiles the JSON of params, or of a request with custom_id and params.
func compileTemplate(data []byte, texts *textCompiler, f *files) (*template, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := oneValue(data); err != nil {
		return nil, templateSyntax(data, err)
	}
	top, err := members(data)
	if err != nil {
		return nil, errors.New("the template must be a JSON object, the params of a request")
	}
	t := &template{files: f}
	params := jsontext.Value(data)
	if p := get(top, "params"); p != nil {
		params = p
		if p.Kind() != '{' {
			return nil, errors.New(`"params" of the template must be a JSON object`)
		}
		for _, m := range top {
			switch m.name {
			case "params":
			case "custom_id":
				id, ok := text(m.value)
				if !ok {
					return nil, errors.New(`"custom_id" of the template must be a string`)
				}
				if t.id, err = texts.compile(id); err != nil {
					return nil, fmt.Errorf("template/custom_id: %w", err)
				}
			default:
				return nil, fmt.Errorf(`the template has %q next to "params": a request has only "custom_id" and "params"`, m.name)
			}
		}
	} else if get(top, "custom_id") != nil {
		return nil, errors.New(`the template has "custom_id" but no "params"`)
	}
	c := &templateCompiler{texts: texts, files: f}
	if err := c.value(params, "template", false); err != nil {
		return nil, err
	}
	t.steps = c.steps
	return t, nil
}

// templateSyntax returns the error of a template that is not JSON.
func templateSyntax(data []byte, err error) error {
	var syntax *jsontext.SyntacticError
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the template is not JSON: it is truncated")
	}
	if !errors.As(err, &syntax) {
		return fmt.Errorf("the template is not JSON: %w", err)
	}
	at := min(int(syntax.ByteOffset), len(data))
	line := 1 + bytes.Count(data[:at], []byte("\n"))
	hint := ""
	if open := bytes.LastIndexByte(data[:at], '{'); open >= 0 && len(bytes.TrimSpace(data[open+1:at])) == 0 && !bytes.HasPrefix(data[at:], []byte(`"`)) {
		hint = ": a {column} is only allowed inside a string"
	}
	return fmt.Errorf("the template is not JSON, line %d: %w%s", line, syntax.Err, hint)
}

func (c *templateCompiler) fixed(b ...byte) {
	if n := len(c.steps); n > 0 && c.steps[n-1].text == nil && c.steps[n-1].file == nil {
		c.steps[n-1].fixed = append(c.steps[n-1].fixed, b...)
		return
	}
	c.steps = append(c.steps, step{fixed: bytes.Clone(b)})
}

// value compiles a value. The path is for errors. An element of content may be a file.
func (c *templateCompiler) value(v jsontext.Value, path string, inContent bool) error {
	switch v.Kind() {
	case '{':
		return c.object(v, path)
	case '[':
		list, err := elements(v)
		if err != nil {
			return err
		}
		isContent := strings.HasSuffix(path, "/content")
		c.fixed('[')
		for i, e := range list {
			if i > 0 {
				c.fixed(',')
			}
			if err := c.value(e, fmt.Sprintf("%s/%d", path, i), isContent); err != nil {
				return err
			}
		}
		c.fixed(']')
	case '"':
		s, ok := text(v)
		if !ok {
			return fmt.Errorf("%s: not a string", path)
		}
		if name, isFile := strings.CutPrefix(s, "@"); isFile && inContent {
			return c.file(name, "", path)
		}
		parts, err := c.texts.compile(s)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if parts.fixed() {
			c.fixed(quote(nil, parts.fill(nil))...)
		} else {
			c.steps = append(c.steps, step{text: parts})
		}
	default:
		compact := v.Clone()
		if err := compact.Compact(); err != nil {
			return err
		}
		c.fixed(compact...)
	}
	return nil
}

func (c *templateCompiler) object(v jsontext.Value, path string) error {
	list, err := members(v)
	if err != nil {
		return err
	}
	c.fixed('{')
	for i, m := range list {
		if name, err := c.texts.compile(m.name); err == nil && !name.fixed() {
			return fmt.Errorf("%s: {column} in the name of a property, %q: it is only allowed in values", path, m.name)
		}
		if i > 0 {
			c.fixed(',')
		}
		c.fixed(append(quote(nil, m.name), ':')...)
		below := path + "/" + m.name
		s, _ := text(m.value)
		if m.name == "content" && strings.HasPrefix(s, "@") {
			c.texts.notFile = append(c.texts.notFile, below)
		}
		if name, isFile := strings.CutPrefix(s, "@"); isFile && m.name == "source" {
			kind, _ := text(get(list, "type"))
			if kind != "image" && kind != "document" {
				return fmt.Errorf(`%s: a file can only be the source of a block whose "type" is "image" or "document"`, below)
			}
			err = c.file(name, kind, below)
		} else {
			err = c.value(m.value, below, false)
		}
		if err != nil {
			return err
		}
	}
	c.fixed('}')
	return nil
}

// file compiles a file. A file that is the same for all rows is read only once.
func (c *templateCompiler) file(name, kind, path string) error {
	parts, err := c.texts.compile(name)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f := &fileStep{path: parts, kind: kind}
	if !parts.fixed() {
		c.steps = append(c.steps, step{file: f})
		return nil
	}
	data, err := f.load(c.files, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c.fixed(data...)
	return nil
}

func (f *fileStep) load(from *files, row []string) ([]byte, error) {
	name := f.path.fill(row)
	b, err := from.load(name)
	switch {
	case err != nil:
		return nil, err
	case f.kind == "":
		return b.whole, nil
	case f.kind != b.kind:
		return nil, &detailed{fmt.Sprintf("the file needs a block of type %q, but the template has a block of type %q", b.kind, f.kind), strconv.Quote(name)}
	}
	return b.source, nil
}

// appendParams appends the parameters for a row.
func (t *template) appendParams(dst []byte, row []string) ([]byte, error) {
	for _, s := range t.steps {
		switch {
		case s.text != nil:
			dst = quote(dst, s.text.fill(row))
		case s.file != nil:
			data, err := s.file.load(t.files, row)
			if err != nil {
				return dst, err
			}
			dst = append(dst, data...)
		default:
			dst = append(dst, s.fixed...)
		}
	}
	return dst, nil
}
