package connect

import (
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// New returns a client of the real service if live is set, which needs ANTHROPIC_API_KEY. Otherwise it returns a client of a
// fake service with the given options, which runs a batch for a second. The function setup sets its answers.
func New(live bool, setup func(*batchtest.Service), fake []batchtest.Option, opts ...client.Option) (*client.Client, error) {
	if live {
		return client.New(opts...)
	}
	service := batchtest.Start(append([]batchtest.Option{batchtest.WithDuration(time.Second)}, fake...)...)
	setup(service)
	return service.Client(opts...), nil
}
