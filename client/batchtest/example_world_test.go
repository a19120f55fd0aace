package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Organizations with their own limits, and a key that is revoked.
func ExampleWithKeys() {
	service := batchtest.Start(
		batchtest.WithKeys(
			batchtest.Key{Secret: "sk-1", Organization: "org_1", Workspaces: []string{"wrkspc_1", "wrkspc_2"}},
			batchtest.Key{Secret: "sk-2", Organization: "org_2"}),
		batchtest.WithQueueLimit(3),
		batchtest.WithCallLimit(100),
	)
	create := func(key, workspace string) {
		c := service.Client(client.WithAPIKey(key), client.WithWorkspace(workspace), client.WithRetry(client.Retry{MaxAttempts: 1}))
		_, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}, {CustomID: "b"}})
		var apiErr *client.APIError
		if errors.As(err, &apiErr) {
			fmt.Println(key, workspace, apiErr.Type)
		} else {
			fmt.Println(key, workspace, "fine")
		}
	}
	create("sk-1", "wrkspc_1")
	create("sk-1", "wrkspc_2")
	create("sk-2", "wrkspc_1")
	service.RevokeKey("sk-2")
	create("sk-2", "wrkspc_1")
	service.AddKey(batchtest.Key{Secret: "sk-3", Organization: "org_3"})
	create("sk-3", "wrkspc_1")
	fmt.Println(service.Stats().PeakWaiting)
	// Output:
	// sk-1 wrkspc_1 fine
	// sk-1 wrkspc_2 rate_limit_error
	// sk-2 wrkspc_1 fine
	// sk-2 wrkspc_1 authentication_error
	// sk-3 wrkspc_1 fine
	// map[org_1:2 org_2:2 org_3:2]
}

// A colleague's program sends the same custom ids at the same time. The batches differ only in their messages.
func ExampleWithColleagues() {
	service := batchtest.Start(batchtest.WithColleagues(1), batchtest.WithClockSkew(time.Second))
	batch, err := service.Client().Create(context.Background(), []client.Request{{CustomID: "a"}})
	if err != nil {
		log.Fatal(err)
	}
	service.SeedLike(batch.ID, batch.CreatedAt.Add(-time.Minute)) // and a third one
	fmt.Println(len(service.Accepted()["a"]), "batches, of which this program has", service.Stats().Creates)
	// Output: 3 batches, of which this program has 1
}

// A service that is killed and restarted has the same batches.
func ExampleOpenState() {
	dir, err := os.MkdirTemp("", "state")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	start := func() *batchtest.Service {
		state, err := batchtest.OpenState(dir)
		if err != nil {
			log.Fatal(err)
		}
		return batchtest.Start(state, batchtest.WithDuration(0))
	}
	service := start()
	batch, err := service.Client().Create(context.Background(), []client.Request{{CustomID: "a"}})
	if err != nil {
		log.Fatal(err)
	}
	service.Close()

	service = start()
	for item, err := range service.Client().Results(context.Background(), batch.ID) {
		fmt.Println(item.CustomID, err)
	}
	fmt.Println(service.Accepted()["a"][0] == batch.ID, service.Stats().WholeBodies)
	// Output:
	// a <nil>
	// true 1
}

// A test in another language asks the service which batches it has accepted.
func ExampleWithInspector() {
	service := batchtest.Start(batchtest.WithInspector())
	if _, err := service.Client().Create(context.Background(), []client.Request{{CustomID: "a"}}); err != nil {
		log.Fatal(err)
	}
	resp, err := service.HTTPClient().Get(service.URL() + "/fake/stats")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var text strings.Builder
	if err := resp.Write(&text); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(text.String(), `"calls":{"create":1}`))
	// Output: true
}
