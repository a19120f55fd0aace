package batchtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A failure is a response that is an error.
type failure struct {
	status     int
	err        gen.BetaError
	retryAfter time.Duration // 0 means no header
}

func invalidRequest(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, err: &gen.BetaInvalidRequestError{Message: fmt.Sprintf(format, args...)}}
}

func notFound(format string, args ...any) *failure {
	return &failure{status: http.StatusNotFound, err: &gen.BetaNotFoundError{Message: fmt.Sprintf(format, args...)}}
}

// lines is a response in JSON Lines. An error is yielded last.
type lines iter.Seq2[[]byte, error]

// reply sends the failure, if there is one, or else the result.
func reply(w http.ResponseWriter, r *http.Request, result any, fail *failure) {
	if fail != nil {
		io.Copy(io.Discard, r.Body) // otherwise a caller that is still sending would see a lost connection, not the response
		w.Header().Set("content-type", "application/json")
		if fail.status == http.StatusRequestEntityTooLarge { // sent by the network edge, which does not know the credential
			w.Header().Del("anthropic-organization-id")
			w.Header().Del("anthropic-workspace-id")
		}
		if fail.retryAfter > 0 {
			w.Header().Set("retry-after", strconv.FormatInt(int64((fail.retryAfter+time.Second-1)/time.Second), 10))
		}
		w.WriteHeader(fail.status)
		body, _ := (&gen.BetaErrorResponse{Error: fail.err, RequestID: w.Header().Get("request-id")}).AppendJSON(nil)
		w.Write(body)
		return
	}
	if lines, ok := result.(lines); ok {
		w.Header().Set("content-type", "application/x-jsonl")
		out := bufio.NewWriterSize(w, 64<<10)
		for line, err := range lines {
			if err != nil {
				panic(err)
			}
			if _, err := out.Write(line); err != nil {
				return
			}
		}
		out.Flush()
		return
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(result) // the caller may have gone
}
