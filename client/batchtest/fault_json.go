package batchtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The faults in this file change a response that is one JSON object, as those of all operations except results are.

// Malformed replaces the value of a top-level property of the response with the given text, which need not be valid
// JSON, or adds the property at the end if the response does not have it. An empty text removes the property. The
// service has acted: a batch that create has accepted exists.
func Malformed(property, value string) Fault {
	return Rewrite(func(body []byte) []byte {
		return setProperty(body, property, value)
	})
}

func setProperty(body []byte, property, value string) []byte {
	in := jsontext.NewDecoder(bytes.NewReader(body))
	if token, err := in.ReadToken(); err != nil || token.Kind() != '{' {
		panic("the response is not a JSON object")
	}
	var members [][]byte
	add := func(name, value string) {
		if value != "" {
			member, _ := jsontext.AppendQuote(nil, name)
			members = append(members, append(append(member, ':'), value...))
		}
	}
	found := false
	for in.PeekKind() == '"' {
		token, _ := in.ReadToken()
		name := token.String()
		old, _ := in.ReadValue()
		if name == property {
			found = true
			add(name, value)
		} else {
			add(name, string(old))
		}
	}
	if _, err := in.ReadToken(); err != nil || in.PeekKind() != 0 {
		panic("the response has data after the JSON object")
	}
	if !found {
		add(property, value)
	}
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}\n"))
}

// OtherID makes the response be about another batch than the call. Get and results return the batch with this id, if it
// exists. Create, cancel and delete act as called, and their response has this id in place of the true one.
func OtherID(id string) Fault {
	rename := Rewrite(func(body []byte) []byte {
		var b struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(body, &b); err != nil || b.ID == "" {
			panic("the response has no id to replace")
		}
		return bytes.ReplaceAll(body, []byte(b.ID), []byte(id)) // also in results_url
	})
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodGet && r.PathValue("id") != "" {
			other := r.Clone(r.Context())
			other.SetPathValue("id", id)
			m := &heldResponse{header: w.Header()}
			if next.ServeHTTP(m, other); m.status < 300 || strings.HasSuffix(r.URL.Path, "/results") {
				m.send(w)
				return
			}
		}
		rename(w, r, next)
	}
}
