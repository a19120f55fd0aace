package client_test

import (
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestInvalidInputSendsNothing checks that invalid input is refused before anything is sent.
func TestInvalidInputSendsNothing(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client()
	ctx := t.Context()
	params := func(change func([]client.Request)) []client.Request {
		r := requests(2)
		change(r)
		return r
	}
	first := func(seq func(func(*client.Item, error) bool)) (err error) {
		for _, e := range seq {
			err = e
		}
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"create/no requests":     {second(c.Create(ctx, nil)), "1 to 100000 requests, and there are none"},
		"create/too many":        {second(c.Create(ctx, make([]client.Request, 100_001))), "and there are more: split it"},
		"create/empty id":        {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = "" }))), "request 1: custom_id: it "},
		"create/long id":         {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = strings.Repeat("x", 65) }))), "request 1: custom_id: it "},
		"create/malformed id":    {second(c.Create(ctx, params(func(r []client.Request) { r[0].CustomID = "a b" }))), "request 0: custom_id: it must"},
		"create/same id":         {second(c.Create(ctx, params(func(r []client.Request) { r[1].CustomID = "r0" }))), "request 1: custom_id: duplicate of request 0"},
		"create/invalid UTF-8":   {second(c.Create(ctx, params(func(r []client.Request) { r[1].Params.Messages[0] = client.UserText("\xff") }))), "request 1: encode JSON at /params/messages/0/content"},
		"create/too large":       {second(c.Create(ctx, params(func(r []client.Request) { r[1].Params.Messages[0] = client.UserText(strings.Repeat("x", 256_000_000)) }))), "256000000 are allowed: split it"},
		"create/empty beta":      {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas(""))), "beta is empty"},
		"create/beta with comma": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a,b"))), "comma"},
		"create/beta with space": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a b"))), "malformed"},
		"create/beta with break": {second(c.Create(ctx, params(func([]client.Request) {}), client.WithBetas("a\r\nx-evil: 1"))), "malformed"},
		"get/empty id":           {second(c.Get(ctx, "")), "batch id is empty"},
		"get/dots":               {second(c.Get(ctx, "..")), "dot segment"},
		"get/slash":              {second(c.Get(ctx, "a/b")), "slash"},
		"get/break":              {second(c.Get(ctx, "a\nb")), "control character"},
		"cancel/empty id":        {second(c.Cancel(ctx, "")), "batch id is empty"},
		"delete/slash":           {c.Delete(ctx, "../a"), "slash"},
		"results/empty id":       {first(c.Results(ctx, "")), "batch id is empty"},
		"wait/empty id":          {second(c.Wait(ctx, "")), "batch id is empty"},
		"raw/empty id":           {second(c.Raw().RetrieveMessageBatch(ctx, "", nil)), "leaves the path"},
		"raw/dots":               {second(c.Raw().RetrieveMessageBatch(ctx, "..", nil)), "leaves the path"},
		"raw/dots before cancel": {second(c.Raw().CancelMessageBatch(ctx, "..", nil)), "leaves the path"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, tt.err, tt.want)
		}
	}
	for _, op := range []batchtest.Op{batchtest.Create, batchtest.Get, batchtest.Cancel, batchtest.Delete, batchtest.List, batchtest.Results} {
		if n := len(s.Calls(op)); n != 0 {
			t.Errorf("%d calls of %s were sent", n, op)
		}
	}
}
