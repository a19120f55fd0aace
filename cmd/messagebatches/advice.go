package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// message returns the text of an error, in the words of the command line.
func message(err error) string {
	var path *fs.PathError
	var issues *preflight.IssuesError
	var option *jobs.OptionsError
	switch {
	case errors.As(err, &option) && flagOf(option.Name) != "":
		return fmt.Sprintf("the job was begun with another %s: %.200s, not %.200s", flagOf(option.Name), fmt.Sprint(option.Job), fmt.Sprint(option.Call))
	case errors.As(err, &issues):
		return issuesText(issues)
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) && path.Op != "mkdir":
		if filepath.Base(path.Path) == "job.json" {
			return fmt.Sprintf("there is no job %s: messagebatches run begins one", filepath.Dir(path.Path))
		}
		if filepath.Base(path.Path) == "manifest.json" {
			return fmt.Sprintf("%s is not done: messagebatches run continues it", filepath.Dir(path.Path))
		}
		if _, err := os.Stat(filepath.Dir(path.Path)); err != nil {
			return "there is no directory " + filepath.Dir(path.Path)
		}
		return "there is no file " + path.Path
	}
	return err.Error()
}

// issuesText lists the first issues by the lines of the file.
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
		return "Check the key: messagebatches doctor says what is wrong."
	case errors.Is(err, client.ErrNotFound):
		return "messagebatches batch ls lists the batches that the key can see."
	case errors.Is(err, jobs.ErrLocked):
		return "messagebatches status and messagebatches job watch look at a job while it is run."
	case errors.Is(err, jobs.ErrCopied):
		return "If it will never be run there again: messagebatches job rebuild --take-over."
	case errors.Is(err, jobs.ErrDatabaseLost):
		return "messagebatches job rebuild repairs that."
	case errors.As(err, new(*jobs.OptionsError)) && !errors.Is(err, jobs.ErrInputChanged):
		return "Leave the flag out, or give --job another directory for another job."
	case errors.Is(err, jobs.ErrInputChanged):
		return "Another file of requests needs another job: give --job another directory."
	case errors.Is(err, jobs.ErrNotDone):
		return "messagebatches run continues it."
	case isDiskFull(err):
		return "Nothing is lost. Free some space: the same command then continues."
	case errors.As(err, &path) && errors.Is(err, fs.ErrPermission):
		return "Check who may read and write " + cli.Visible(path.Path) + "."
	}
	return ""
}

// isDiskFull reports whether an error is that of a disk without space, for which SQLite and Windows have texts.
func isDiskFull(err error) bool {
	text := err.Error()
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(text, "database or disk is full") || strings.Contains(text, "not enough space on the disk")
}

// pausedAdvice returns what to do about a pause.
func pausedAdvice(why string) string {
	switch {
	case strings.Contains(why, "budget"):
		return "The same command with a higher --budget continues."
	case strings.Contains(why, "authentication_error"), strings.Contains(why, "permission_error"):
		return "messagebatches doctor says what is wrong with the key. Then the same command continues."
	case strings.Contains(why, "requested by"):
		return "messagebatches job resume has it send again."
	}
	return "Then the same command continues."
}
