package batchtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// snapshot returns everything that callers and inspection see of a service.
func snapshot(t *testing.T, s *batchtest.Service) map[string]string {
	t.Helper()
	all := map[string]string{"list": read(t, do(t, s, "GET", "", nil)), "accepted": fmt.Sprint(s.Accepted())}
	for _, b := range s.Batches() {
		all[b.ID] = read(t, do(t, s, "GET", "/"+b.ID, nil))
		all[b.ID+" results"] = read(t, do(t, s, "GET", "/"+b.ID+"/results", nil))
		for _, r := range s.Requests(b.ID) {
			all[b.ID+" requests"] += fmt.Sprintf("%s: %s\n", r.CustomID, r.Raw)
		}
		if strings.Contains(all[b.ID], "not_found_error") { // with the id of a call
			all[b.ID] = "not found"
		}
		if strings.HasPrefix(all[b.ID+" results"], `{"type":"error"`) {
			all[b.ID+" results"] = "none"
		}
	}
	return all
}

// state returns the option that keeps the state in a directory.
func state(t *testing.T, dir string) batchtest.Option {
	t.Helper()
	o, err := batchtest.OpenState(dir)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestState compares services that use a directory one after the other, with batches in every state.
func TestState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "state")
	start := func(opts ...batchtest.Option) *batchtest.Service {
		return batchtest.New(t, append(opts, state(t, dir), batchtest.WithDuration(time.Hour), batchtest.WithErrored(0.3))...)
	}
	s := start()
	s.Takes("slow", 48*time.Hour)
	s.Answer("mine", batchtest.Text("Mine."))
	var ids []string
	create := func(customIDs ...string) {
		ids = append(ids, send[gen.BetaMessageBatch](t, s, "POST", "", body(customIDs...)).ID)
	}
	create("deleted")
	create("archived")
	s.Advance(30 * 24 * time.Hour)
	create("expired", "slow")
	s.Advance(25 * time.Hour)
	create("mine", "a", "b", "c", "d")
	s.Advance(2 * time.Hour)
	create("canceled", "e")
	do(t, s, "POST", "/"+ids[4]+"/cancel", nil).Body.Close()
	s.Advance(time.Minute)
	create("runs", "f")
	send[gen.BetaDeletedMessageBatch](t, s, "DELETE", "/"+ids[0], nil)
	s.Inject(batchtest.Get, batchtest.NotFoundFor(time.Hour))
	checkResponse(t, "hidden", do(t, s, "GET", "/"+ids[1], nil), 404, "", "")
	s.Advance(-time.Minute)
	s.Advance(time.Minute) // the time until which it is hidden is stored too
	want, stats := snapshot(t, s), s.Stats()
	s.Close()

	again := start(batchtest.WithErrored(0), batchtest.WithSeed(7)) // accepted batches keep their random choices
	again.Answer("mine", batchtest.Text("Not mine."))
	got := again.Stats()
	if diff := cmp.Diff(stats, got); diff != "" {
		t.Error(diff)
	}
	for id, text := range snapshot(t, again) {
		if want[id] != text {
			t.Errorf("%s: got\n%s\nwant\n%s", id, text, want[id])
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("lost: %v", want)
	}
	if len(again.Accepted()["deleted"]) != 1 || status(t, again, "GET", "/"+ids[0]) != 404 {
		t.Error("a deleted batch is not accepted once and gone")
	}
	again.Advance(time.Hour)
	if b := send[gen.BetaMessageBatch](t, again, "GET", "/"+ids[5], nil); b.RequestCounts.Succeeded+b.RequestCounts.Errored != 2 {
		t.Errorf("the running batch has ended with %+v", b.RequestCounts)
	}
	if b := send[gen.BetaMessageBatch](t, again, "POST", "", body("x")); strings.Contains(strings.Join(ids, " "), b.ID) {
		t.Errorf("%s is the id of another batch", b.ID)
	}
}

// TestStateWithoutHistory checks that deleted batches leave nothing behind.
func TestStateWithoutHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := batchtest.New(t, state(t, dir), batchtest.WithDuration(0), batchtest.WithoutHistory())
	s.AnswerAll(batchtest.Text("Fine."))
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("a", "b"))
	if got := resultsOf(t, s, b.ID); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	send[gen.BetaDeletedMessageBatch](t, s, "DELETE", "/"+b.ID, nil)
	checkResponse(t, "refused", do(t, s, "POST", "", strings.NewReader(`{"requests":[{"custom_id":"a","params":{}},{}]}`)), 400, "", "")
	files, err := filepath.Glob(dir + "/*")
	if err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
}

// TestStateThatCannotBeRead checks the errors for damaged directories.
func TestStateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"msgbatch_1.json": `{"ID":7}`, "msgbatch_2.json": "", "service.json": "{"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if o, err := batchtest.OpenState(dir); err == nil || !strings.Contains(err.Error(), name) || o != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestStateOnMemory checks that a directory does not change what a service does.
func TestStateOnMemory(t *testing.T) {
	t.Parallel()
	params := `{"model":"claude-haiku-4-5","max_tokens":100,"system":[{"type":"text","text":"` + strings.Repeat("word ", 1100) +
		`","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"` + "Hi\\n" + `"}]}`
	in := `{"requests":[` + "\n{\"custom_id\":\"lines\",\n\"params\":" + params + "}"
	for i := range 2500 {
		in += fmt.Sprintf(`,{"custom_id":"r-%d","params":{"model":"claude-opus-5","max_tokens":100,"messages":[{"role":"user","content":"Number %d"}]}}`, i, i)
	}
	in += `,{"custom_id":"wrong","params":{}}]}`
	for name, script := range map[string]func(*batchtest.Service){
		"made when read": func(*batchtest.Service) {},
		"kept":           func(s *batchtest.Service) { s.Answer("r-7", batchtest.Refused()) },
	} {
		var all [2]map[string]gen.BetaMessageBatchResult
		for i, opts := range [][]batchtest.Option{nil, {state(t, t.TempDir())}} {
			s := batchtest.New(t, append(opts, batchtest.WithDuration(0), batchtest.WithErrored(0.1))...)
			script(s)
			b := send[gen.BetaMessageBatch](t, s, "POST", "", strings.NewReader(in))
			all[i] = resultsOf(t, s, b.ID)
			if requests := s.Requests(b.ID); len(requests) != 2502 || string(requests[0].Raw) != params {
				t.Errorf("%s: %d requests, the first is %.200s", name, len(requests), requests[0].Raw)
			}
		}
		if diff := cmp.Diff(all[0], all[1]); diff != "" || len(all[0]) != 2502 {
			t.Errorf("%s: %d results: %s", name, len(all[0]), diff)
		}
	}
}

// TestStateOfAKilledService repeatedly kills a process that accepts batches as fast as it can, and checks that each
// batch whose create call got a response exists and is complete.
func TestStateOfAKilledService(t *testing.T) {
	if dir := os.Getenv("BATCHTEST_KILLED"); dir != "" { // the process
		s := batchtest.Start(state(t, dir), batchtest.WithInspector(), batchtest.WithDuration(3*time.Millisecond))
		s.AnswerAll(batchtest.Text("Fine."))
		if _, err := s.Listen("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		fmt.Println(s.URL())
		select {}
	}
	t.Parallel()
	dir := t.TempDir()
	accepted := make(map[string]string) // ids of batches by custom id
	tried := make(map[string]bool)      // to delete
	deleted := 0
	for life := range 12 {
		c, kill := startProcess(t, dir)
		for i := 0; ; i++ {
			if i == 5+life {
				go kill() // at some point of the code below
			}
			id := fmt.Sprintf("life-%d-%d", life, i)
			b, err := c.Create(t.Context(), []client.Request{greeting(id), greeting(id + "-too")})
			if err != nil {
				break
			}
			accepted[id] = b.ID
			if i%3 == 2 {
				_ = c.Delete(t.Context(), b.ID) // it may not have ended
				tried[b.ID] = true
			}
		}
		kill()
	}
	s := batchtest.New(t, state(t, dir))
	have := s.Accepted()
	for customID, id := range accepted {
		if ids := have[customID]; len(ids) != 1 || ids[0] != id || len(have[customID+"-too"]) != 1 {
			t.Errorf("%s was accepted in %s, and is in %v", customID, id, ids)
		}
		switch got := status(t, s, "GET", "/"+id); {
		case got == 404 && tried[id]:
			deleted++
		case got != 200:
			t.Errorf("%s: got %d", id, got)
		default:
			if got := resultsOf(t, s, id); len(got) != 2 {
				t.Errorf("%s has the results %v", id, got)
			}
		}
	}
	if len(accepted) < 20 {
		t.Errorf("only %d batches", len(accepted))
	}
	t.Logf("%d batches accepted and %d deleted by 12 processes", len(accepted), deleted)
}

// startProcess runs a service with the directory in a separate process.
func startProcess(t *testing.T, dir string) (*client.Client, func()) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run", "^TestStateOfAKilledService$")
	command.Env = append(os.Environ(), "BATCHTEST_KILLED="+dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = command.Process.Kill() } // the process may have ended
	t.Cleanup(func() {
		kill()
		_ = command.Wait()
	})
	var url string
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("sk-ant-fake-key"), client.WithBaseURL(url),
		client.WithRetry(client.Retry{MaxAttempts: 1}), client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}))
	if err != nil {
		t.Fatal(err)
	}
	return c, kill
}

// TestInspector checks the endpoints over every kind of connection, and that they are off by default.
func TestInspector(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t, batchtest.WithInspector(), batchtest.WithDuration(time.Hour)) {
		call := func(method, path string) string {
			r, _ := http.NewRequestWithContext(t.Context(), method, s.URL()+path, nil)
			r.Header.Set("x-api-key", s.Key())
			resp, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(read(t, resp)))
		}
		b := send[gen.BetaMessageBatch](t, s.Service, "POST", "", body("a", "b"))
		var seeded gen.BetaMessageBatch
		for path, want := range map[string]string{
			"/fake/seed?like=" + b.ID + "&created_at=2026-11-28T10:00:00Z": `"created_at":"2026-11-28T10:00:00Z"`,
			"/fake/seed?like=b":                 `400 there is no batch "b"`,
			"/fake/seed?requests=0":             "400 requests=0",
			"/fake/seed?requests=1&created_at=": `"processing":1`,
			"/fake/advance?by=soon":             "400 ",
			"/fake/inject?op=get&fault=garbled": `400 there is no fault "garbled" of the operation "get"`,
			"/fake/inject?op=get&fault=529":     "200 {}",
			"/fake/inject?op=list&fault=lost":   "200 {}",
		} {
			if got := call("POST", path); !strings.Contains(got, want) {
				t.Errorf("%s: %s: got %s, want %s", where, path, got, want)
			}
		}
		checkResponse(t, where, do(t, s.Service, "GET", "/"+b.ID, nil), 529, "overloaded_error", "")
		if got := call("POST", "/fake/stop-faults"); got != "200 {}" || status(t, s.Service, "GET", "") != 200 {
			t.Errorf("%s: got %s", where, got)
		}
		for _, bb := range s.Batches() {
			if bb.ID != b.ID && bb.RequestCounts.Processing != 1 {
				seeded = bb
			}
		}
		for path, want := range map[string]string{
			"/fake/stats":                        `200 {"calls":{"create":1,"get":1,"list":1},"calls_per_minute":3,"whole_bodies":1,"creates":1,"requests":2,"faults":{"529":1},"peak_waiting":{"org_fake":2}}`,
			"/fake/accepted?custom_id=a":         fmt.Sprintf(`200 {"a":[%q,%q]}`, seeded.ID, b.ID),
			"/fake/accepted?custom_id=a&least=3": `200 {}`,
			"/fake/accepted?least=x":             "400 ",
			"/fake/requests?batch_id=" + b.ID:    `{"custom_id":"b","params":{"model":"claude-opus-5"`,
			"/fake/requests?batch_id=nothing":    `200 []`,
			"/fake/batches":                      `{"organization":"org_fake","workspace":"wrkspc_fake","batch":{"type":"message_batch"`,
		} {
			if got := call("GET", path); !strings.Contains(got, want) {
				t.Errorf("%s: %s: got %s, want %s", where, path, got, want)
			}
		}
		if got := call("POST", "/fake/advance?by=2h"); got != "200 {}" || send[gen.BetaMessageBatch](t, s.Service, "GET", "/"+b.ID, nil).EndedAt.IsZero() {
			t.Errorf("%s: advance: %s", where, got)
		}
		if got := call("POST", "/fake/revoke-key"); got != "200 {}" || status(t, s.Service, "GET", "") != 401 {
			t.Errorf("%s: revoke: %s", where, got)
		}
	}
	off := batchtest.New(t)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", off.URL()+"/fake/stats", nil)
	resp, err := off.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Error struct{ Type string } }
	if err := json.Unmarshal([]byte(read(t, resp)), &e); err != nil || resp.StatusCode != 404 {
		t.Errorf("it is on by default: %d", resp.StatusCode)
	}
}
