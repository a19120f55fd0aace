package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// Confirm asks a question and reports whether the answer is yes. If ctx ends first, it returns the error of ctx.
func (s Streams) Confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(s.Err, question+" [y/N] ")
	answer := make(chan string, 1)
	go func() { // left behind when ctx ends: nothing else reads In after that
		line, _ := bufio.NewReader(s.In).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return false, context.Cause(ctx)
	case text := <-answer:
		return text == "y" || text == "yes", nil
	}
}
