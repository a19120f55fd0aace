package cli

import (
	"errors"
	"fmt"
)

// Exit statuses of all commands.
const (
	OK      = 0 // success
	Issues  = 1 // finished, but there are errors in the requests or the results
	Failed  = 2 // failed: a usage error, a file that cannot be read, or an error of the service
	Stopped = 3 // interrupted: the same command continues
	Person  = 4 // action by a person needed first; then the same command continues
)

// An ExitError ends a command with a status.
type ExitError struct {
	Status int   // exit status
	Err    error // what to print, nil for nothing
	Usage  bool  // it is a usage error: the message refers to the help
}

// Error returns the text of Err.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

// Exit returns an error that ends the command with a status and prints nothing; nil if the status is OK.
func Exit(status int) error {
	if status == OK {
		return nil
	}
	return &ExitError{Status: status}
}

// Wrong returns a usage error. The text says what is wrong and what to do.
func Wrong(format string, args ...any) error {
	return &ExitError{Status: Failed, Err: fmt.Errorf(format, args...), Usage: true}
}

// Status returns the exit status for an error: that of an ExitError, or else Failed.
func Status(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &exit):
		return exit.Status
	}
	return Failed
}
