package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Some faults by name, each in one create call.
func ExampleNamed() {
	for _, f := range batchtest.Faults()[:4] {
		service := batchtest.Start(batchtest.WithFaultTime(time.Millisecond))
		service.Inject(batchtest.Create, batchtest.Named(f.Name))
		_, err := service.Client(client.WithRetry(client.Retry{MinDelay: 1})).Create(context.Background(), []client.Request{{CustomID: "a"}})
		fmt.Printf("%s: %s; uncertain: %t\n", f.Name, f.About, errors.As(err, new(*client.UncertainError)))
	}
	// Output:
	// dropped: the connection is lost before the service acts; uncertain: true
	// lost: the service acts, and the connection is lost before its response; uncertain: true
	// held: the service acts, and its response comes late; uncertain: false
	// late: the service acts late, even if the caller has gone; uncertain: false
}

// A repeatable day of faults: half of all calls meet any fault of the list, and list calls meet 529 too.
func ExampleWithRandomFaults() {
	calls := func(seed uint64) (met int) {
		service := batchtest.Start(
			batchtest.WithSeed(seed),
			batchtest.WithRandomFaults(0.5),
			batchtest.WithFaultRate(batchtest.List, 0.1, batchtest.Named("529")),
			batchtest.WithFaultTime(time.Microsecond),
		)
		c := service.Client(client.WithRetry(client.Retry{MinDelay: 1}), client.WithRetry(client.Retry{MaxAttempts: 1}))
		for range 100 {
			_, _ = c.Get(context.Background(), "msgbatch_none") // it fails in any case
		}
		for _, n := range service.Stats().Faults {
			met += n
		}
		service.StopFaults() // no more faults
		return met
	}
	first, again := calls(7), calls(7)
	fmt.Println(first == again, first > 30 && first < 70)
	// Output: true true
}

// The notation of the command line: "messagebatches serve --fault create:lost=#2 --fault results:garbled=5%".
func ExampleParseFault() {
	var options []batchtest.Option
	for _, text := range []string{"create:lost=#2", "results:garbled=5%"} {
		o, err := batchtest.ParseFault(text)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, o)
	}
	c := batchtest.Start(options...).Client(client.WithRetry(client.Retry{MinDelay: 1}))
	for range 3 {
		_, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}})
		fmt.Println(errors.As(err, new(*client.UncertainError)))
	}
	_, err := batchtest.ParseFault("create:lots=1%")
	fmt.Println(err)
	// Output:
	// false
	// true
	// false
	// fault "create:lots=1%": there is no fault named "lots"
}

func ExampleParseRate() {
	rate, err := batchtest.ParseRate("2%")
	fmt.Println(rate, err)
	_, err = batchtest.ParseRate("2")
	fmt.Println(err)
	// Output:
	// 0.02 <nil>
	// "2" is not a rate: use a percentage such as 2%, or a number from 0 to 1
}

// What the caller sees, and what the service has done, if it acts late, behind a gateway, or not at all.
func ExampleActLate() {
	for name, fault := range map[string]batchtest.Fault{
		"late":         batchtest.ActLate(time.Millisecond),
		"dropped":      batchtest.DropThenAct(time.Hour),
		"by a gateway": batchtest.ActThen(batchtest.Status(504, "<html>Gateway time-out</html>")),
		"at the edge":  batchtest.EdgeTooLarge(),
	} {
		service := batchtest.Start()
		service.Inject(batchtest.Create, fault)
		_, err := service.Client(client.WithRetry(client.Retry{MinDelay: 1})).Create(context.Background(), []client.Request{{CustomID: "a"}})
		service.Close() // before the hour is over
		fmt.Printf("%s: %d batches, uncertain: %t\n", name, service.Stats().Creates, errors.As(err, new(*client.UncertainError)))
	}
	// Unordered output:
	// late: 1 batches, uncertain: false
	// dropped: 0 batches, uncertain: true
	// by a gateway: 1 batches, uncertain: true
	// at the edge: 0 batches, uncertain: false
}

// Batches that are hidden for a while.
func ExampleNotFoundFor() {
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
	service := batchtest.Start()
	service.Inject(batchtest.Get, batchtest.NotFoundFor(time.Minute))
	service.Inject(batchtest.List, batchtest.OmitFor(5*time.Minute), batchtest.OtherClock(-time.Hour))
	id := service.Seed(1, time.Time{}).ID
	for range 3 {
		resp, _ := get(service, "/"+id)
		_, list := get(service, "")
		fmt.Println(resp.StatusCode, len(list) > 100)
		service.Advance(3 * time.Minute)
	}
	// Output:
	// 404 false
	// 200 false
	// 200 true
}
