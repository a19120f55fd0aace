package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// message returns the text of an error in terms of the command line.
func message(err error) string {
	var path *fs.PathError
	var issues *preflight.IssuesError
	var option *jobs.OptionsError
	switch {
	case errors.As(err, &option) && flagOf(option.Name) != "":
		return fmt.Sprintf("the job was started with a different %s: %.200s, not %.200s", flagOf(option.Name), flagText(option.Job), flagText(option.Call))
	case errors.As(err, &issues):
		return issuesText(issues)
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) && path.Op != "mkdir":
		if filepath.Base(path.Path) == "job.json" {
			return fmt.Sprintf("there is no job %s: messagebatches run starts one", filepath.Dir(path.Path))
		}
		if filepath.Base(path.Path) == "manifest.json" {
			return filepath.Dir(path.Path) + " is not done" // advice says more
		}
		if _, err := os.Stat(filepath.Dir(path.Path)); err != nil {
			return "there is no directory " + filepath.Dir(path.Path)
		}
		return "there is no file " + path.Path
	}
	return err.Error()
}

// issuesText lists the first issues with their lines in the file.
func issuesText(e *preflight.IssuesError) string {
	const most = 10
	var b strings.Builder
	all := len(e.Issues) + e.More
	fmt.Fprintf(&b, "the requests have %s:\n", cli.Plural(int64(all), "error"))
	for _, i := range e.Issues[:min(len(e.Issues), most)] {
		place := ""
		if i.Line > 0 {
			place = fmt.Sprintf("line %d: ", i.Line)
		}
		if i.Pointer != "" {
			place += string(i.Pointer) + ": "
		}
		fmt.Fprintf(&b, "%s%s [%s]\n", place, i.Message, i.Rule)
	}
	if rest := all - most; rest > 0 {
		fmt.Fprintf(&b, "and %s more\n", cli.Thousands(int64(rest)))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// flagOf returns the flag of an option of a job, "" if it has none.
func flagOf(option string) string {
	return map[string]string{
		"MaxRequests": "--batch-requests", "MaxBytes": "--batch-bytes", "Version": "--api-version", "Betas": "--betas",
		"FollowUp": "--rounds", "Labels": "--label", "Order": "--order", "KeepIDs": "--keep-ids",
	}[option]
}

// flagText returns the value of an option of a job as its flag takes it, or "none".
func flagText(value any) string {
	var parts []string
	switch v := value.(type) {
	case bulk.Policy:
		return strconv.Itoa(v.MaxAttempts)
	case jobs.Order:
		return cmp.Or(string(v), "input")
	case []client.Beta:
		for _, beta := range v {
			parts = append(parts, string(beta))
		}
	case map[string]string:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+"="+v[name])
		}
	default:
		return fmt.Sprint(v)
	}
	return cmp.Or(strings.Join(parts, ","), "none")
}

// advice returns what to do about an error, or an empty text.
func advice(err error) string {
	var path *fs.PathError
	var paused *jobs.PausedError
	switch {
	case errors.As(err, &paused):
		return pausedAdvice(paused.Why)
	case errors.As(err, new(*preflight.IssuesError)), errors.As(err, new(*jobs.InputError)):
		return "Nothing was sent. messagebatches validate --split lists all errors."
	case errors.Is(err, client.ErrAuthentication):
		return "Check the key: messagebatches doctor finds the problem."
	case errors.Is(err, client.ErrNotFound):
		return "messagebatches batch ls lists the batches that the key can see."
	case errors.Is(err, jobs.ErrLocked):
		return "To look at a running job, use messagebatches status or messagebatches job watch."
	case errors.Is(err, jobs.ErrCopied):
		return "If it will never run there again, use messagebatches job rebuild --take-over."
	case errors.Is(err, jobs.ErrDatabaseLost):
		return "To repair it, run messagebatches job rebuild."
	case errors.As(err, new(*jobs.OptionsError)) && !errors.Is(err, jobs.ErrInputChanged):
		return "Omit the flag, or start another job in another directory with --job."
	case errors.Is(err, jobs.ErrInputChanged):
		return "Different requests need another job: start it in another directory with --job."
	case errors.Is(err, jobs.ErrNotDone):
		return "To continue it, use messagebatches run."
	case isDiskFull(err):
		return "Nothing is lost. Free some space, then run the same command to continue."
	case errors.As(err, &path) && errors.Is(err, fs.ErrPermission):
		return "Check the permissions of " + cli.Visible(path.Path) + "."
	}
	return ""
}

// isDiskFull reports whether an error says that the disk is full. SQLite and Windows only have texts for that.
func isDiskFull(err error) bool {
	text := err.Error()
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(text, "database or disk is full") || strings.Contains(text, "not enough space on the disk")
}

// pausedAdvice returns what to do about a pause.
func pausedAdvice(why string) string {
	switch {
	case strings.Contains(why, "budget"):
		return "To continue, run the same command with a higher --budget."
	case strings.Contains(why, "authentication_error"), strings.Contains(why, "permission_error"):
		return "Check the key with messagebatches doctor, then run the same command to continue."
	case strings.Contains(why, "requested by"):
		return "To lift the pause, run messagebatches job resume."
	}
	return "Fix that, then run the same command to continue."
}
