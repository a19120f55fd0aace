package loopback

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
)

// WriteTickets writes n requests of 1 KB to a file, one per line. Id returns the custom ID of request i.
func WriteTickets(name string, n int64, id func(i int64) string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	text := strings.Repeat("Where is my parcel? It should be here by now. ", 20)
	for i := range n {
		fmt.Fprintf(out, `{"custom_id":%q,"params":{"model":"claude-haiku-4-5","max_tokens":10,"messages":[{"role":"user","content":%q}]}}`+"\n", id(i), text)
	}
	return errors.Join(out.Flush(), f.Close())
}
