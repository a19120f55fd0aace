package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/seed-111a911e/messagebatches/client"
)

// reply writes a batch, or an error.
func reply(w http.ResponseWriter, batch *client.Batch, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(batch) // it fails only if the caller has disconnected
}

// fail writes an error with the status of the service, if it has one.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var apiErr *client.APIError
	switch {
	case errors.As(err, new(*client.UncertainError)): // the batch may exist: the caller must not blindly resend it
		status = http.StatusGatewayTimeout
	case errors.As(err, &apiErr) && apiErr.StatusCode >= 400:
		status = apiErr.StatusCode
	case errors.Is(err, client.ErrNotEnded):
		status = http.StatusConflict
	case apiErr == nil:
		status = http.StatusBadRequest // nothing was sent
	}
	http.Error(w, err.Error(), status)
}
