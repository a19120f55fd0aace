// Package batchtest is a fake of the Message Batches service, for tests of code that uses batches: no money, no
// network, no day of waiting.
//
//	service := batchtest.New(t)
//	c, err := client.New(
//		client.WithAPIKey(service.Key()),
//		client.WithBaseURL(service.URL()),
//		client.WithHTTPClient(service.HTTPClient()),
//	)
//
// It speaks HTTP. [Service.HTTPClient] reaches it inside the process, without sockets, and works in the bubbles of
// testing/synctest, where a batch of 24 hours takes no time. [Service.Listen] serves it on a socket. Its clock is
// that of package time, which [Service.Advance] puts forward.
//
// By default every request whose parameters fit the contract succeeds with a short text, and the others are errored
// with what is wrong with them. [Service.Answer] says otherwise, for one custom id or for all. [Service.Inject] makes
// calls fail: before or after the service has acted, with any answer, or in the middle of one.
// [Service.Calls] and [Service.Batches] show what arrived.
//
// # What it simplifies
//
// Requests finish at even distances over the batch's duration, in the order in which they were sent; results come
// in another order. Rate limits and the queue's limits do not exist: inject a 429. Nothing is asked of a model: texts
// and token counts are made up. Parameters are checked as package preflight checks them; its warnings, such as a missing
// beta, are no errors here. The statuses for reading results too early or too late, for
// canceling too late and for deleting too early are not documented by the service; here they are 404, 400 and 400.
package batchtest
