package batchtest

import (
	"encoding/json"
	"io"
	"net/http"
)

// The faults in this file respond in place of the service, which does not act.

// Status responds with any status and body after reading the request; the service does not act. Headers are pairs of
// name and value. An empty value removes the header, for example the request-id, which responses of proxies lack. If no
// content-type is given, it is detected from the body.
func Status(code int, body string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		setHeaders(w.Header(), headers)
		if _, set := w.Header()["Content-Type"]; !set {
			w.Header().Set("content-type", http.DetectContentType([]byte(body)))
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// setHeaders sets headers. A header with an empty value is stored without values, so that net/http does not add it: it
// would add a Date.
func setHeaders(h http.Header, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if h.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			h[http.CanonicalHeaderKey(pairs[i])] = nil
		}
	}
}

// Fail responds with an error of the API; the service does not act. Headers are pairs of name and value; the default
// request-id is req_fault.
func Fail(code int, errorType, message string, headers ...string) Fault {
	h := make(http.Header)
	headers = append([]string{"content-type", "application/json", "request-id", "req_fault"}, headers...)
	setHeaders(h, headers)
	var body struct {
		Type  string `json:"type"`
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	body.Type, body.Error.Type, body.Error.Message, body.RequestID = "error", errorType, message, h.Get("request-id")
	text, _ := json.Marshal(body)
	return Status(code, string(text), headers...)
}

// Redirect responds with a redirect to another URL; the service does not act. With [Service.HTTPClient] every URL leads
// to the service, and [Call.Host] is the host that a call was sent to.
func Redirect(code int, location string) Fault { return Status(code, "", "location", location) }

// EdgeTooLarge responds with 413 as the service's edge does, in plain text and without a request-id.
func EdgeTooLarge() Fault {
	return Status(413, "Request Entity Too Large\n", "request-id", "", "anthropic-organization-id", "")
}

// EdgeForbidden responds with 403 as the service's edge does, which refuses calls before the API sees them. The body
// differs in form from the API's errors, and there is no request-id.
func EdgeForbidden() Fault {
	return Status(403, `{"error":{"type":"forbidden","message":"Request not allowed"}}`,
		"content-type", "application/json", "request-id", "", "anthropic-organization-id", "")
}
