package river

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strings"

	rq "github.com/riverqueue/river"
)

// The kinds of River jobs.
const (
	submitKind  = "messagebatches_submit"
	collectKind = "messagebatches_collect"
	pollKind    = "messagebatches_poll"
	tendKind    = "messagebatches_tend"
)

// submitArgs is a River job that sends a batch, until it is known whether the service accepted it.
type submitArgs struct {
	Job string `json:"job"`
	Seq int64  `json:"seq"`
}

// collectArgs is a River job that reads the results of a batch.
type collectArgs struct {
	Job string `json:"job"`
	Seq int64  `json:"seq"`
}

// pollArgs is a River job that polls all running batches of a workspace.
type pollArgs struct{}

// tendArgs is a River job that makes the steps that concern a job as a whole.
type tendArgs struct {
	Job string `json:"job"`
}

// Kind implements rq.JobArgs, as do the methods below.
func (submitArgs) Kind() string  { return submitKind }
func (collectArgs) Kind() string { return collectKind }
func (pollArgs) Kind() string    { return pollKind }
func (tendArgs) Kind() string    { return tendKind }

// queues has the names of the queues of a workspace.
type queues struct{ submit, collect, poll, tend string }

// queuesOf returns the queues of a workspace. Their names are readable and unique.
func queuesOf(organization, workspace string) queues {
	sum := sha256.Sum256([]byte(organization + "\n" + workspace))
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(workspace), "-"), "-")
	end := hex.EncodeToString(sum[:4])
	if name != "" {
		end = name[:min(len(name), 40)] + "-" + end
	}
	end = strings.ReplaceAll(end, "--", "-")
	return queues{"submit-" + end, "collect-" + end, "poll-" + end, "tend-" + end}
}

func (q queues) all() []string { return []string{q.submit, q.collect, q.poll, q.tend} }

// in returns the options of a River job, which is retried as long as there is work for it.
func in(queue string, priority int) *rq.InsertOpts {
	return &rq.InsertOpts{Queue: queue, Priority: priority, MaxAttempts: math.MaxInt16}
}
