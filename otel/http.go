package batchotel

import (
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/seed-111a911e/messagebatches/client"
)

// serverOf returns server.address and server.port.
func serverOf(u *url.URL) []attribute.KeyValue {
	port, err := strconv.Atoi(u.Port())
	switch {
	case err == nil:
	case u.Scheme == "http":
		port = 80
	default:
		port = 443
	}
	return append(make([]attribute.KeyValue, 0, 8), semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port))
}

// templateOf returns the contract's path template for a URL, without the path of the base URL.
func templateOf(u *url.URL) string {
	const root, id = "/v1/messages/batches", "/{message_batch_id}"
	_, rest, _ := strings.Cut(u.Path, root)
	if rest == "" {
		return root
	}
	_, verb, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch verb {
	case "results", "cancel":
		return root + id + "/" + verb
	}
	return root + id
}

// failureOf returns error.type of an HTTP request and a description, which is empty if the status is enough. The
// attribute is invalid if the request succeeded.
func failureOf(e client.AttemptEnd) (attribute.KeyValue, string) {
	switch {
	case e.Err != nil:
		return errorType(e.Err), e.Err.Error()
	case e.Status >= 400:
		return semconv.ErrorTypeKey.String(strconv.Itoa(e.Status)), ""
	}
	return attribute.KeyValue{}, ""
}
