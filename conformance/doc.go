// Package conformance tests this project against others: the official SDK is a client of the fake service, and the JSON
// that it writes and reads is compared with ours. It is a separate module, which no other module imports.
//
// # Equal on the wire
//
// The contract's examples are combined into a corpus, with a sample for each property, each union member and each enum
// value. Each sample is decoded into the SDK's types and into ours. For requests, both clients send the values, and the
// bodies are compared. For responses, the values that programs can read are compared. Only typed fields count, not raw
// JSON that either side keeps. Intended differences are in wire-exceptions.txt.
//
// Facts that the SDK's types do not express are not compared: null where it differs from absent, and default values of
// properties.
//
// # Differences
//
// The two handle failures differently: lost responses, truncated streams, redirects. differences_test.go shows what
// both do, and the README lists it.
//
// # Live
//
// Package live runs a script against the service itself and against the fake, and reports the differences. Because it
// costs money, no test runs it against the service.
package conformance
