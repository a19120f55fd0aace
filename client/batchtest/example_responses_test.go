package batchtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Malformed responses, and responses about another batch.
func Example_responseFaults() {
	get := func(s *batchtest.Service, path string) (resp *http.Response, body string) {
		r, err := http.NewRequest("GET", s.URL()+"/v1/messages/batches"+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("x-api-key", s.Key())
		r.Header.Set("anthropic-version", "2023-06-01")
		if resp, err = s.HTTPClient().Do(r); err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		return resp, string(text)
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	mine, other := service.Seed(1, time.Time{}).ID, service.Seed(2, time.Time{}).ID
	service.Inject(batchtest.Get,
		batchtest.Malformed("created_at", `"soon"`),
		batchtest.Malformed("id", ""),
		batchtest.OtherID(other),
		batchtest.DelayAfter(time.Millisecond),
		batchtest.EdgeForbidden(),
	)
	for range 5 {
		resp, body := get(service, "/"+mine)
		var batch struct {
			ID        string
			CreatedAt string `json:"created_at"`
		}
		if err := json.Unmarshal([]byte(body), &batch); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d mine: %t, other: %t, soon: %t\n", resp.StatusCode, batch.ID == mine, batch.ID == other, batch.CreatedAt == "soon")
	}
	// Output:
	// 200 mine: true, other: false, soon: true
	// 200 mine: false, other: false, soon: false
	// 200 mine: false, other: true, soon: false
	// 200 mine: true, other: false, soon: false
	// 403 mine: false, other: false, soon: false
}

// Results with a line of a gateway.
func ExampleGateway() {
	get := func(s *batchtest.Service, path string) (resp *http.Response, body string) {
		r, err := http.NewRequest("GET", s.URL()+"/v1/messages/batches"+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("x-api-key", s.Key())
		r.Header.Set("anthropic-version", "2023-06-01")
		if resp, err = s.HTTPClient().Do(r); err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		return resp, string(text)
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	batch := service.Seed(3, time.Time{})
	service.Inject(batchtest.Results, batchtest.Gateway(1, "upstream error"), batchtest.Insert(1, "upstream error"))
	for range 2 {
		_, body := get(service, "/"+batch.ID+"/results")
		for line := range strings.Lines(body) {
			line, _, _ = strings.Cut(line, ",")
			fmt.Println(strings.TrimSpace(line))
		}
		fmt.Println()
	}
	// Output:
	// {"custom_id":"seed-1"
	// upstream error
	//
	// {"custom_id":"seed-1"
	// upstream error
	// {"custom_id":"seed-2"
	// {"custom_id":"seed-0"
}

// A new batch may take a while to be found and listed, and a gateway may have another clock.
func ExampleWithGetLag() {
	get := func(s *batchtest.Service, path string) (resp *http.Response, body string) {
		r, err := http.NewRequest("GET", s.URL()+"/v1/messages/batches"+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("x-api-key", s.Key())
		r.Header.Set("anthropic-version", "2023-06-01")
		if resp, err = s.HTTPClient().Do(r); err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		return resp, string(text)
	}
	service := batchtest.Start(
		batchtest.WithGetLag(time.Minute),
		batchtest.WithListLag(time.Hour),
		batchtest.WithDateOffset(-time.Hour),
	)
	batch, err := service.Client().Create(context.Background(), []client.Request{{CustomID: "a"}})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		resp, _ := get(service, "/"+batch.ID)
		_, list := get(service, "")
		date, err := http.ParseTime(resp.Header.Get("date"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d listed: %t, clocks differ: %t\n", resp.StatusCode, strings.Contains(list, batch.ID), service.Now().Sub(date) > 59*time.Minute)
		service.Advance(time.Hour / 2)
	}
	// Output:
	// 404 listed: false, clocks differ: true
	// 200 listed: false, clocks differ: true
	// 200 listed: true, clocks differ: true
}

// A colleague's batch with the same number of requests, created at the same time: Candidates finds both.
func ExampleService_Seed() {
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter()) // the response is lost
	_, err := service.Client().Create(context.Background(), []client.Request{{CustomID: "a"}, {CustomID: "b"}})
	fmt.Println(err != nil)
	service.Seed(2, service.Now())
	for _, b := range service.Batches() {
		fmt.Println(b.RequestCounts.Processing, "requests, the first is", service.Requests(b.ID)[0].CustomID)
	}
	// Output:
	// true
	// 2 requests, the first is a
	// 2 requests, the first is seed-0
}

// Over TLS, clients use HTTP/2.
func ExampleService_ListenTLS() {
	service := batchtest.Start()
	if _, err := service.ListenTLS("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer service.Close()
	c := service.Client(client.WithHTTPClient(service.TLSClient()))
	if _, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}}); err != nil {
		log.Fatal(err)
	}
	service.DropConnections() // the next call needs a new connection
	for _, call := range service.Calls(batchtest.Create) {
		fmt.Println(call.Proto, "whole body:", call.BodyWhole)
	}
	// Output:
	// HTTP/2.0 whole body: true
}
