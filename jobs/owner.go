package jobs

import (
	"fmt"
	"strconv"
	"strings"
)

// owner returns the name of a run of a job, which owns attempts.
func owner(job string, run int64) string { return fmt.Sprintf("%s-%d", job, run) }

// hasEnded reports whether another owner has certainly ended. If it ran on another machine, or before this one was rebooted,
// only the leases of its attempts limit its ownership, because a suspended machine may continue.
func (e *engine) hasEnded(other string) bool {
	if !e.alone {
		return false
	}
	run, err := strconv.ParseInt(strings.TrimPrefix(other, e.job+"-"), 10, 64)
	return err == nil && run >= e.first
}
