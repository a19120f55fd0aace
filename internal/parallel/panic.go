package parallel

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// A Panic is a panic of another goroutine, which is raised again on the goroutine that waits for it: code of the caller
// must not end the process from a goroutine that the caller cannot see.
type Panic struct {
	// Value is what the goroutine panicked with, and Stack its stack.
	Value any
	Stack []byte
}

// Error shows the value and where it came from. The runtime prints it when nobody recovers.
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

// Go runs f on a goroutine of its own and then calls done with what f panicked with, or nil. If f ends its goroutine by
// runtime.Goexit, that counts as a panic too: nobody may wait for it for ever.
func Go(f func(), done func(*Panic)) {
	go func() {
		p := &Panic{Value: errExited}
		defer func() { done(p) }()
		p = Catch(f)
	}()
}

// Catch calls f and returns what it panicked with, or nil.
func Catch(f func()) (p *Panic) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *Panic:
			p = v // of yet another goroutine
		default:
			p = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}
