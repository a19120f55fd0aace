package client_test

import (
	"context"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Retries are logged at level info, attempts and calls at level debug. Credentials and bodies are never logged.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "took", "wait", "request_id": // differ each time
				return slog.Attr{}
			}
			return a
		},
	}))
	service := batchtest.Start()
	service.Inject(batchtest.List, batchtest.Fail(529, "overloaded_error", "Busy."))
	c := service.Client(client.WithLogger(logger), client.WithRetry(client.Retry{MinDelay: time.Millisecond}))
	for _, err := range c.List(context.Background()) {
		log.Fatal(err) // there are no batches
	}
	// Output:
	// level=DEBUG msg="attempt ended" op="list batches" attempt=1 method=GET path=/v1/messages/batches status=529 received=95
	// level=INFO msg="retrying call" op="list batches" attempt=1 error.op="list batches" error.status=529 error.type=overloaded_error error.message=Busy. error.error_code="" error.attempts=1
	// level=DEBUG msg="attempt ended" op="list batches" attempt=2 method=GET path=/v1/messages/batches status=200 received=60
	// level=DEBUG msg="call ended" op="list batches" attempts=2 received=155
}
