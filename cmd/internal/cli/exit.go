package cli

import (
	"errors"
	"fmt"
)

// Exit statuses of all commands.
const (
	OK      = 0 // done, and nothing is wrong
	Issues  = 1 // done, and something is wrong with the requests or the results
	Failed  = 2 // not done: a wrong call, a file that cannot be read, a service that refuses
	Stopped = 3 // ended before the work is done, by an interrupt; the same command continues
	Person  = 4 // somebody has to decide or do something first; then the same command continues
)

// An ExitError ends a command with a status.
type ExitError struct {
	Status int   // exit status
	Err    error // what to print, nil for nothing
	Usage  bool  // the call is wrong: the message says where help is
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

// Wrong returns the error of a wrong call. The text says what is wrong and what to do.
func Wrong(format string, args ...any) error {
	return &ExitError{Status: Failed, Err: fmt.Errorf(format, args...), Usage: true}
}

// Status returns the exit status that an error means: Failed unless it says otherwise.
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
