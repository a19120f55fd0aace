package batchotel

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/seed-111a911e/messagebatches/client"
)

// errorType returns error.type of an error. There are few values, none of them text from responses.
func errorType(err error) attribute.KeyValue {
	return semconv.ErrorTypeKey.String(typeOf(err))
}

func typeOf(err error) string {
	switch {
	case errors.As(err, new(*client.UncertainError)):
		return "uncertain"
	case errors.As(err, new(*client.IncompleteError)):
		return "incomplete"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	if name := typeOfResponse(err); name != "" {
		return name
	}
	switch {
	case errors.Is(err, client.ErrTimeout):
		return "timeout"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline_exceeded"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error)) || errors.Is(err, syscall.ECONNRESET):
		return "connection"
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// typeOfResponse returns the type of an API error, or the status of another unsuccessful response, or "" if err is
// neither.
func typeOfResponse(err error) string {
	var apiErr *client.APIError
	if !errors.As(err, &apiErr) {
		return ""
	}
	if apiErr.Type != "" {
		for _, kind := range []struct {
			err  error
			name string
		}{
			{client.ErrInvalidRequest, "invalid_request_error"},
			{client.ErrAuthentication, "authentication_error"},
			{client.ErrBilling, "billing_error"},
			{client.ErrPermission, "permission_error"},
			{client.ErrNotFound, "not_found_error"},
			{client.ErrConflict, "conflict_error"},
			{client.ErrRequestTooLarge, "request_too_large"},
			{client.ErrRateLimited, "rate_limit_error"},
			{client.ErrAPI, "api_error"},
			{client.ErrTimeout, "timeout_error"},
			{client.ErrOverloaded, "overloaded_error"},
		} {
			if apiErr.Type == kind.name && errors.Is(err, kind.err) {
				return kind.name
			}
		}
	}
	if apiErr.StatusCode != 0 {
		return strconv.Itoa(apiErr.StatusCode)
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
