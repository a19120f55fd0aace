package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/conformance/internal/contract"
)

// judge returns the differences between responses and the contract, each once.
func judge(exchanges []*exchange) (differences []string) {
	for _, e := range exchanges {
		for _, d := range judgeOne(e) {
			if d = fmt.Sprintf("%s, %d: %s", e.op, e.status, d); !slices.Contains(differences, d) {
				differences = append(differences, d)
			}
		}
	}
	return differences
}

// judgeOne returns the differences of one response. A missing response is not judged, because the contract does not
// cover connections.
func judgeOne(e *exchange) (differences []string) {
	if e.status == 0 || e.op == "" {
		return nil
	}
	responses := operationOf(e.op).Responses
	ref, listed := responses.Value(strconv.Itoa(e.status)), true
	if ref == nil {
		ref, listed = responses.Value(fmt.Sprintf("%dXX", e.status/100)), false
	}
	if ref == nil {
		return []string{"the contract has no such status"}
	}
	if !listed {
		differences = append(differences, "the contract does not list this status for the operation")
	}
	differences = append(differences, judgeHeaders(e, ref.Value)...)
	media, _, _ := mime.ParseMediaType(e.header.Get("content-type"))
	content := ref.Value.Content[media]
	switch {
	case e.status == http.StatusRequestEntityTooLarge && !json.Valid(e.body): // sent by the edge, as the contract says
		return differences
	case content == nil:
		return append(differences, fmt.Sprintf("content-type is %q, which the contract does not have there", media))
	case !e.whole:
		return differences // it was truncated, or is too long to keep
	}
	values := [][]byte{e.body}
	if e.op == opResults && e.status == http.StatusOK {
		values = bytes.Split(bytes.TrimSpace(e.body), []byte("\n"))
	}
	for _, value := range values {
		for _, d := range judgeValue(value, content.Schema) {
			if !slices.Contains(differences, d) {
				differences = append(differences, d)
			}
		}
	}
	if id, sent := errorOf(e).RequestID, e.header.Get("request-id"); e.status/100 != 2 && id != nil && sent != "" && *id != sent {
		differences = append(differences, "request_id of the body differs from the header request-id")
	}
	return differences
}

// operationOf returns an operation of the contract.
func operationOf(id string) *openapi3.Operation {
	for _, path := range contract.Load().Paths.Map() {
		for _, o := range path.Operations() {
			if o.OperationID == id {
				return o
			}
		}
	}
	panic("the contract has no operation " + id)
}

// judgeHeaders checks the headers in the contract, and finds headers of the API that it does not list.
func judgeHeaders(e *exchange, response *openapi3.Response) (differences []string) {
	for name, ref := range response.Headers {
		value, s := e.header.Get(name), ref.Value.Schema.Value
		var err error
		switch {
		case value == "":
			continue
		case s.Type.Is("integer"):
			_, err = strconv.ParseInt(value, 10, 64)
		case s.Format == "date-time":
			_, err = time.Parse(time.RFC3339, value)
		}
		if err != nil {
			differences = append(differences, fmt.Sprintf("header %s is not the contract's %s: %s", name, s.Type.Slice()[0]+s.Format, value))
		}
	}
	if e.header.Get("request-id") == "" && e.status != http.StatusRequestEntityTooLarge {
		differences = append(differences, "there is no header request-id")
	}
	for name := range e.header {
		lower := strings.ToLower(name)
		ours := strings.HasPrefix(lower, "anthropic-") || strings.HasPrefix(lower, "retry-") || lower == "request-id" || lower == "x-should-retry"
		known := slices.ContainsFunc(slices.Collect(keys(response.Headers)), func(known string) bool { return strings.EqualFold(known, name) })
		if ours && !known {
			differences = append(differences, fmt.Sprintf("the contract does not list the header %s there", lower))
		}
	}
	slices.Sort(differences)
	return differences
}

func keys(h openapi3.Headers) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

// judgeValue checks one JSON value: first whether it is valid, then whether parts of it are newer than the contract.
func judgeValue(text []byte, ref *openapi3.SchemaRef) (differences []string) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return []string{"the body is not JSON"}
	}
	_, component, _ := strings.Cut(ref.Ref, "schemas/")
	var invalid *jsonschema.ValidationError
	if err := schemas()(component).Validate(value); errors.As(err, &invalid) {
		differences = append(differences, leaves(invalid)...)
	}
	n := newer{found: make(map[string]bool)}
	n.walk(component, ref.Value, value)
	return append(differences, n.sorted()...)
}

// leaves returns the innermost reasons why a value is invalid. It does not distinguish the members of a union.
func leaves(e *jsonschema.ValidationError) (reasons []string) {
	printer := message.NewPrinter(language.English)
	last := e.ErrorKind.KeywordPath()
	union := len(last) > 0 && (last[len(last)-1] == "anyOf" || last[len(last)-1] == "oneOf")
	if len(e.Causes) == 0 || union {
		return []string{fmt.Sprintf("invalid at /%s: %s", strings.Join(indexless(e.InstanceLocation), "/"), e.ErrorKind.LocalizedString(printer))}
	}
	for _, cause := range e.Causes {
		reasons = append(reasons, leaves(cause)...)
	}
	return reasons
}

// indexless replaces all indexes of a location with the same text.
func indexless(location []string) (path []string) {
	for _, part := range location {
		if _, err := strconv.Atoi(part); err == nil {
			part = "*"
		}
		path = append(path, part)
	}
	return path
}

// schemas compiles unchanged components of the contract, for a JSON Schema validator.
var schemas = sync.OnceValue(func() func(component string) *jsonschema.Schema {
	var document any
	if err := yaml.Unmarshal([]byte(messagebatches.OpenAPI()), &document); err != nil {
		panic(err) // it is embedded and tested
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	if document, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	return func(component string) *jsonschema.Schema {
		mu.Lock()
		defer mu.Unlock()
		return compiler.MustCompile("openapi.json#/components/schemas/" + component)
	}
})
