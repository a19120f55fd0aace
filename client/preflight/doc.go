// Package preflight checks requests before they are sent. The service checks the parameters of a batch's requests only
// when they run, so that a mistake costs up to a day; here it takes seconds, and no network.
//
// The checks are those that the contract knows: its schemas, to the exact place also inside unions; the rules of a
// batch (ids, number, size, parameters that a batch refuses); parameters that a version of the API refuses; betas that a
// parameter or a tool needs. What the contract leaves open stays open: an unknown model, beta, version or property is a
// warning, unless the property's name is close to a known one; and so is a block of an unknown type in a message of the
// assistant, for the service takes back what it has sent.
//
// [Check] takes values, [CheckLines] a file of JSON lines:
//
//	c, err := client.New(client.WithPreflight(func(_ context.Context, requests []client.Request, info client.CallInfo) error {
//		return preflight.Check(requests, preflight.Options{Version: info.Version, Betas: info.Betas}).Err()
//	}))
//
// Messages say what is wrong and what is allowed. They never hold texts of the requests, only the character at which a
// line stops being JSON; pointers hold property names.
package preflight
