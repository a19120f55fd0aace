// Package loopback has servers and clients for measurements, which do as little as possible.
package loopback

import (
	"fmt"
	"net"
	"net/http"

	"github.com/seed-111a911e/messagebatches/client"
)

// Serve starts a server on a free port of this machine, which runs until the process ends.
func Serve(handler func(url string) http.HandlerFunc) (url string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	url = "http://" + listener.Addr().String()
	go func() { panic(http.Serve(listener, handler(url))) }()
	return url
}

// WriteBatch responds with an ended batch of the server at url, with the given number of results.
func WriteBatch(w http.ResponseWriter, url string, results int) {
	w.Header().Set("content-type", "application/json")
	fmt.Fprintf(w, `{"id":"msgbatch_1","type":"message_batch","processing_status":"ended","request_counts":{"processing":0,"succeeded":%d,"errored":0,"canceled":0,"expired":0},`+
		`"created_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-02T00:00:00Z","ended_at":"2026-01-01T01:00:00Z","archived_at":null,"cancel_initiated_at":null,`+
		`"results_url":"%s/v1/messages/batches/msgbatch_1/results"}`, results, url)
}

// Client returns a client for a server.
func Client(url string) *client.Client {
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key"), client.WithBaseURL(url))
	if err != nil {
		panic(err)
	}
	return c
}
