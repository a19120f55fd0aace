package jobs

import (
	"fmt"
	"strconv"
	"strings"
)

// owner names a run of a job, to which attempts belong.
func owner(job string, run int64) string { return fmt.Sprintf("%s-%d", job, run) }

// hasEnded reports whether another owner certainly has ended. If the job was run on another machine, or before this one
// was started anew, nothing but the lease of its attempts says when they are not its any longer: a machine that was
// suspended may go on.
func (e *engine) hasEnded(other string) bool {
	if !e.alone {
		return false
	}
	run, err := strconv.ParseInt(strings.TrimPrefix(other, e.job+"-"), 10, 64)
	return err == nil && run >= e.first
}
