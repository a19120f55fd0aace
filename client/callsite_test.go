package client_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// siteSize is how many requests each batch has.
const siteSize = 5

// A notebook holds what a program knows.
type notebook struct {
	id      string          // of the program's batch, unless it creates one
	ids     []string        // of batches that calls have returned
	results map[string]bool // custom ids of results
}

// A callSite is a program that makes one call.
type callSite struct {
	name string
	op   batchtest.Op // the operation that meets the faults
	run  func(ctx context.Context, c *client.Client, n *notebook) error
}

// callSites are programs written in the usual way.
var callSites = []callSite{
	{"Create", batchtest.Create, func(ctx context.Context, c *client.Client, n *notebook) error {
		batch, err := c.Create(ctx, requests(siteSize))
		if err != nil {
			return err
		}
		n.ids = append(n.ids, batch.ID)
		return nil
	}},
	{"CreateLines", batchtest.Create, func(ctx context.Context, c *client.Client, n *notebook) error {
		batch, err := c.CreateLines(ctx, strings.NewReader(distinctLines(siteSize)))
		if err != nil {
			return err
		}
		n.ids = append(n.ids, batch.ID)
		return nil
	}},
	{"Get", batchtest.Get, func(ctx context.Context, c *client.Client, n *notebook) error {
		batch, err := c.Get(ctx, n.id)
		if err != nil {
			return err
		}
		n.ids = append(n.ids, batch.ID)
		return nil
	}},
	{"List", batchtest.List, func(ctx context.Context, c *client.Client, n *notebook) error {
		for batch, err := range c.List(ctx) {
			if err != nil {
				return err
			}
			n.ids = append(n.ids, batch.ID)
		}
		return nil
	}},
	{"Cancel", batchtest.Cancel, func(ctx context.Context, c *client.Client, n *notebook) error {
		batch, err := c.Cancel(ctx, n.id)
		if err != nil {
			return err
		}
		n.ids = append(n.ids, batch.ID)
		return nil
	}},
	{"Delete", batchtest.Delete, func(ctx context.Context, c *client.Client, n *notebook) error {
		if err := c.Delete(ctx, n.id); err != nil {
			return err
		}
		return nil
	}},
	{"Wait", batchtest.Get, func(ctx context.Context, c *client.Client, n *notebook) error {
		batch, err := c.Wait(ctx, n.id)
		if err != nil {
			return err
		}
		n.ids = append(n.ids, batch.ID)
		return nil
	}},
	{"Results", batchtest.Results, readAll},
	{"Results, which get the batch first", batchtest.Get, readAll},
}

func readAll(ctx context.Context, c *client.Client, n *notebook) error {
	for item, err := range c.Results(ctx, n.id) {
		if err != nil {
			return err
		}
		if item.Message() != nil && item.CustomID != "" { // it may be malformed
			n.results[item.CustomID] = true
		}
	}
	return nil
}

// TestCallSites runs programs of the form "if err != nil { return err }" through every fault of the fake at every call,
// inside the process, over HTTP/1.1 and over HTTP/2. Inside the process, and for faults that drop connections, a fault
// occurs once and six times in a row, which is more often than a call is attempted. No batch and no result may be lost:
//
//   - if the service has accepted a batch, the program has its ID, or its error is an UncertainError whose candidates
//     become complete and contain it;
//   - no whole body of a create is sent twice, unless the API itself has refused it;
//   - each result is yielded or counted as missing by the last error;
//   - the program's batch still exists.
func TestCallSites(t *testing.T) {
	t.Parallel()
	var combinations, failed atomic.Int64
	t.Cleanup(func() { t.Logf("%d combinations, %d programs ended with an error", combinations.Load(), failed.Load()) })
	faults := siteFaults(nil, "")
	for _, transport := range []string{"in process", "HTTP/1.1", "HTTP/2"} {
		for _, site := range callSites {
			t.Run(transport+"/"+site.name, func(t *testing.T) {
				t.Parallel()
				for _, name := range slices.Sorted(maps.Keys(faults)) {
					for _, times := range []int{1, 6} {
						f := faults[name]
						socket := transport != "in process"
						if !f.meets(site.op) || f.once && times > 1 || socket && (f.slow || times > 1 && !strings.HasPrefix(name, "drop/")) {
							continue
						}
						run := func(t *testing.T) {
							combinations.Add(1)
							if err := newVisit(t, transport, site).run(name, times); err != nil {
								failed.Add(1)
							}
						}
						t.Run(fmt.Sprintf("%s/%d times", name, times), func(t *testing.T) {
							if socket {
								run(t)
							} else {
								synctest.Test(t, run)
							}
						})
					}
				}
			})
		}
	}
}

// A visit is one run of one program.
type visit struct {
	*testing.T
	site      callSite
	service   *batchtest.Service
	client    *client.Client
	colleague string // the id of a batch of the same size
	notebook
}

func newVisit(t *testing.T, transport string, site callSite) *visit {
	duration := time.Duration(0)
	if site.op == batchtest.Cancel {
		duration = time.Hour
	}
	v := &visit{T: t, site: site, service: batchtest.Start(batchtest.WithDuration(duration))}
	t.Cleanup(v.service.Close)
	h := &http.Client{Transport: &http.Transport{}}
	listen := v.service.Listen
	if transport == "HTTP/2" {
		h, listen = v.service.TLSClient(), v.service.ListenTLS
	}
	var opts []client.Option
	if transport != "in process" {
		if _, err := listen("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.CloseIdleConnections)
		opts = append(opts, client.WithHTTPClient(h),
			client.WithRetry(client.Retry{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}),
			client.WithPollInterval(time.Millisecond, time.Millisecond))
	}
	v.colleague = v.service.Seed(siteSize, v.service.Now().Add(-24*time.Hour)).ID
	v.client = v.service.Client(opts...)
	return v
}

func (v *visit) run(name string, times int) error {
	ctx, cancel := context.WithTimeout(v.Context(), 30*time.Minute)
	defer cancel()
	mark, err := v.client.Watermark(ctx)
	if err != nil {
		v.Fatal(err)
	}
	v.results = make(map[string]bool)
	if v.site.op != batchtest.Create {
		v.id = create(v, v.client, siteSize).ID
	}
	f := siteFaults(v.service, v.colleague)[name]
	var over atomic.Bool // remaining faults apply to no call
	v.service.Inject(v.site.op, batchtest.Times(times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if over.Load() {
			next.ServeHTTP(w, r)
			return
		}
		f.fault(w, r, next)
	})...)
	err = v.site.run(ctx, v.client, &v.notebook)
	over.Store(true)
	if v.site.op == batchtest.Create {
		v.checkCreate(err, mark, f)
	} else {
		v.checkBatch(err)
	}
	if strings.HasPrefix(v.site.name, "Results") {
		v.checkResults(err, strings.HasPrefix(name, "malformed/request_counts"))
	}
	return err
}

// checkCreate checks that every batch is known, or a candidate, and that no whole body was sent twice.
func (v *visit) checkCreate(err error, mark client.Watermark, f siteFault) {
	var accepted []string
	wholes := 0
	for _, call := range v.service.Calls(batchtest.Create) {
		if call.BatchID != "" {
			accepted = append(accepted, call.BatchID)
		}
		if call.BodyWhole {
			wholes++
		}
	}
	if wholes > 1 && !f.refuses || len(accepted) > 1 {
		v.Errorf("%d whole bodies, and the batches %v", wholes, accepted)
	}
	var uncertain *client.UncertainError
	if !errors.As(err, &uncertain) {
		if !slices.Equal(v.ids, accepted) || (err == nil) != (len(accepted) == 1) {
			v.Errorf("the service has accepted %v, and the program knows %v, with %v", accepted, v.ids, err)
		}
		return
	}
	attempt := uncertain.Attempt
	attempt.Watermark = mark
	const decided = 41 * time.Minute
	attempt.Started, attempt.Ended = attempt.Started.Add(-decided), attempt.Ended.Add(-decided) // as if that time had passed
	found, err := v.client.Candidates(v.Context(), attempt)
	var ids []string
	for _, b := range found.Batches {
		ids = append(ids, b.ID)
	}
	if err != nil || !found.Complete || !slices.Equal(ids, accepted) || len(v.ids) > 0 {
		v.Errorf("the service has accepted %v, and the candidates are %v, complete %v, %v, after %v", accepted, ids, found.Complete, err, uncertain)
	}
}

// checkBatch checks that the program knows no other batch than its own, and that its own can still be read as a whole.
func (v *visit) checkBatch(err error) {
	exists := slices.ContainsFunc(v.service.Batches(), func(b gen.BetaMessageBatch) bool { return b.ID == v.id })
	switch want := []string{v.id}; {
	case v.site.op == batchtest.Delete:
		if err == nil && exists {
			v.Errorf("%s was deleted and still exists", v.id)
		}
		return
	case v.site.op == batchtest.List:
		if want = append(want, v.colleague); err == nil && !slices.Equal(v.ids, want) {
			v.Errorf("the list is %v, not %v", v.ids, want)
		}
	case v.ids != nil && !slices.Equal(v.ids, want):
		v.Errorf("the program asked for %v and got %v", want, v.ids)
	}
	v.service.Advance(2 * time.Hour) // for Cancel
	results, damaged, err := collect(v, v.service.Client().Results(v.Context(), v.id))
	if len(results) != siteSize || len(damaged) != 0 || err != nil {
		v.Errorf("later there are %d results and %d damaged lines, %v", len(results), len(damaged), err)
	}
}

// checkResults checks that each result was yielded or counted as missing.
func (v *visit) checkResults(err error, countless bool) {
	missing := int64(siteSize - len(v.results))
	var incomplete *client.IncompleteError
	switch {
	case errors.As(err, &incomplete):
		if got := incomplete.Want.Succeeded - incomplete.Got.Succeeded; got != missing && !countless {
			v.Errorf("%d results, and %d counted as missing: %v", len(v.results), got, err)
		}
		if missing == 0 && !countless {
			v.Errorf("all results, and %v", err)
		}
	case err == nil && missing != 0, err != nil && missing != siteSize:
		v.Errorf("%d results and %v", len(v.results), err)
	}
}

// TestCallSitesMeetEveryFault reads the list of faults from the source of the fake.
func TestCallSitesMeetEveryFault(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("callsite_faults_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("batchtest/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		for _, d := range parse(t, name).Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if result, ok := f.Type.Results.List[0].Type.(*ast.Ident); !ok || result.Name != "Fault" {
				continue
			}
			found++
			if !strings.Contains(string(table), "batchtest."+f.Name.Name+"(") {
				t.Errorf("%s is not in siteFaults", f.Name.Name)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d faults", found)
	}
}
