package conformance_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/pagination"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/respjson"

	"github.com/seed-111a911e/messagebatches/gen"
)

// TestAnswersOnTheWire decodes each sample of a response with the SDK and with ours, and compares what programs can
// then read from it.
func TestAnswersOnTheWire(t *testing.T) {
	t.Parallel()
	t.Run("batch", testResponses[anthropic.BetaMessageBatch, gen.BetaMessageBatch])
	t.Run("page", testResponses[pagination.Page[anthropic.BetaMessageBatch], gen.BetaMessageBatchPage])
	t.Run("deletion", testResponses[anthropic.BetaDeletedMessageBatch, gen.BetaDeletedMessageBatch])
	t.Run("result", testResponses[anthropic.BetaMessageBatchIndividualResponse, gen.BetaMessageBatchIndividualResponse])
}

// testResponses tests responses of one component. The test has the name of the place, our type that of the component.
func testResponses[Theirs any, Ours any, P interface {
	*Ours
	UnmarshalJSON([]byte) error
	AppendJSON([]byte) ([]byte, error)
}](t *testing.T) {
	t.Parallel()
	c := newComparison()
	_, place, _ := strings.Cut(t.Name(), "/")
	component := reflect.TypeFor[Ours]().Name()
	for _, s := range newCorpus(component) {
		var theirs Theirs
		if err := json.Unmarshal(s.json(), &theirs); err != nil {
			t.Errorf("%s: the SDK does not decode it: %v", s.name, err)
			continue
		}
		ours := P(new(Ours))
		if err := ours.UnmarshalJSON(s.json()); err != nil {
			t.Errorf("%s: we do not decode it: %v", s.name, err)
			continue
		}
		if unknown := asJSON(reflect.ValueOf(ours), place); unknown != "" {
			t.Errorf("%s: we have no type for %s", s.name, unknown)
		}
		b, err := ours.AppendJSON(nil)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		c.sample(s, place, withoutNulls(readable(reflect.ValueOf(theirs))), withoutNulls(decoded(t, b)))
	}
	c.finish(t, place, component)
}

// readable returns, as a JSON value, what a program can read from a value of the SDK: its fields, not the raw JSON that
// it keeps.
func readable(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer, reflect.Interface:
		return readable(v.Elem())
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			break
		}
		list := []any{}
		for i := range v.Len() {
			list = append(list, readable(v.Index(i)))
		}
		return list
	case reflect.Map:
		object := make(map[string]any)
		for name, item := range v.Seq2() {
			object[name.String()] = readable(item)
		}
		return object
	case reflect.Struct:
		if at, ok := reflect.TypeAssert[time.Time](v); ok {
			return at.Format(time.RFC3339Nano)
		}
		if m := variant(v); m.IsValid() {
			return readable(m)
		}
		return readableFields(v)
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return err
	}
	var scalar any
	if err := json.Unmarshal(b, &scalar); err != nil {
		return err
	}
	return scalar
}

// variant returns the member that a union of objects holds, from the methods of the union. It is invalid if v is not a
// union, or if its member has no type.
func variant(v reflect.Value) reflect.Value {
	if m := v.MethodByName("AsAny"); m.IsValid() {
		return m.Call(nil)[0]
	}
	tag := v.FieldByName("Type")
	for i := range v.NumMethod() {
		m := v.Method(i)
		if !tag.IsValid() || !strings.HasPrefix(v.Type().Method(i).Name, "As") {
			continue
		}
		if t := m.Type().Out(0); t.Kind() == reflect.Struct {
			if f, ok := t.FieldByName("Type"); ok && f.Tag.Get("default") == tag.String() {
				return m.Call(nil)[0]
			}
		}
	}
	return reflect.Value{}
}

// readableFields reads an object, or a union of JSON kinds: either one of its inline fields is valid, or its other
// fields are.
func readableFields(v reflect.Value) any {
	object := make(map[string]any)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("api") == "extrafields" {
			for name, item := range v.Field(i).Seq2() {
				object[name.String()] = readable(item)
			}
			continue
		}
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		meta, ok := reflect.TypeAssert[respjson.Field](v.FieldByName("JSON").FieldByName(field.Name))
		switch {
		case !ok:
			return fmt.Errorf("%s.%s has no metadata", v.Type(), field.Name)
		case !meta.Valid() && meta.Raw() != "" && meta.Raw() != "null":
			object[name] = "does not fit: " + meta.Raw()
		case !meta.Valid():
		case option == "inline":
			return readable(v.Field(i))
		default:
			object[name] = readable(v.Field(i))
		}
	}
	return object
}
