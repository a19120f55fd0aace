// Package conformance tests us against others: the official SDK is a client of the fake service, and what it writes and
// reads is compared with what we write and read. It is a module of its own, which nobody imports.
//
// # Equal on the wire
//
// The contract's examples are put together to a corpus, with a sample for each property, each member of a union and
// each value of an enum. A sample becomes a value of the SDK's types and a value of ours. Requests are then sent by
// both clients, and the bodies compared; of answers it is compared what programs can read from them. The values are
// those of typed fields: what a side keeps as JSON does not count. What differs and has to is in wire-exceptions.txt.
//
// What the SDK's types do not say is not compared: null where it means something else than nothing, and values of a
// property that are its default.
//
// # Differences
//
// In trouble the two do different things: lost answers, streams that are cut, redirects. differences_test.go shows what
// both do, and the README says it.
//
// # Live
//
// Package live runs a script against the service itself and against the fake, and names what differs. It costs money, so that
// no test runs it against the service.
package conformance
