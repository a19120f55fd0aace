package client

import (
	"net/http"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Raw returns the generated client. It sends each request once, with the client's credential and headers and only to the
// client's origin, and returns the plain response, whatever its status: nothing is retried, checked or limited in time, and
// the caller must close bodies.
func (c *Client) Raw() *gen.Client {
	return &gen.Client{Server: c.s().base.String(), Client: rawDoer{c}}
}

type rawDoer struct{ *Client }

// Do implements gen.HttpRequestDoer.
func (d rawDoer) Do(req *http.Request) (*http.Response, error) {
	cl := d.s().call
	cl.op = opRaw
	return d.do(req, &cl)
}
