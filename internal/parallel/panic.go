package parallel

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// A Panic is a panic of another goroutine. It is raised again on the goroutine that waits for it, so that the caller's
// code cannot end the process from a goroutine that the caller does not control.
type Panic struct {
	// Value is what the goroutine panicked with, and Stack its stack.
	Value any
	Stack []byte
}

// Error returns the value and its stack. The runtime prints it if the panic is not recovered.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap returns the value, if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Raise panics with p, if there is one.
func (p *Panic) Raise() {
	if p != nil {
		panic(p)
	}
}

var errExited = errors.New("the goroutine was ended by runtime.Goexit")

// Go runs f on a new goroutine and then calls done with the panic of f, or nil. If f ends its goroutine with
// runtime.Goexit, that counts as a panic too, so that nothing waits for it forever.
func Go(f func(), done func(*Panic)) {
	go func() {
		p := &Panic{Value: errExited}
		defer func() { done(p) }()
		p = Catch(f)
	}()
}

// Catch calls f and returns its panic, or nil.
func Catch(f func()) (p *Panic) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *Panic:
			p = v // already caught on another goroutine
		default:
			p = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}
