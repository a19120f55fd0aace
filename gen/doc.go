// Package gen holds the types of the contract, their codecs and a raw client, generated from openapi.yaml.
//
//	package main
//
//	import (
//		"fmt"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/gen"
//	)
//
//	func main() {
//		var line gen.BetaMessageBatchIndividualResponse
//		if err := line.UnmarshalJSON([]byte(`{"custom_id":"greeting-1","result":{"type":"expired"}}`)); err != nil {
//			log.Fatal(err)
//		}
//		switch r := line.Result.(type) {
//		case *gen.BetaMessageBatchSucceededResult:
//			fmt.Println(line.CustomID, r.Message.StopReason)
//		case *gen.BetaMessageBatchErroredResult:
//			fmt.Println(line.CustomID, r.Error.Error)
//		case *gen.BetaMessageBatchCanceledResult, *gen.BetaMessageBatchExpiredResult:
//			fmt.Println(line.CustomID, r.Discriminator())
//		case *gen.Unknown: // newer than the contract; r.Raw is the whole value
//			fmt.Printf("%s %s\n", line.CustomID, r.Raw)
//		}
//	}
//
// # Shapes
//
// An object is a struct. Zero fields are omitted, or written as null where the contract requires the property. A field
// is a pointer only where zero and absent differ, as for a temperature of 0. A property that can have only one value is
// not a field: the encoder writes it. The parameters of a request have a field Extra for properties that are newer than
// the contract, and decoding a request keeps such properties there. In the objects inside a request, which have no such
// field, an unknown property is a [DecodeError] with Unknown set, because the request would be sent without it. In
// responses, unknown properties are ignored.
//
// A union is an interface that its members implement, objects by pointer, strings and lists by value:
//
//	short := gen.BetaUserMessageParam{Content: gen.BetaTextContent("Hello, world")}
//	long := gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks{&gen.BetaTextBlockParam{Text: "Hello, world"}}}
//	fmt.Println(short, long)
//
// A member that is newer than the contract is an *[Unknown], which holds its JSON.
//
// An enum is a string type with constants. The service may send values without a constant.
//
// Free JSON (the input of a tool, a schema) is a jsontext.Value, which keeps the order of properties and the precision
// of numbers.
//
// # Codecs
//
// encoding/json and encoding/json/v2 read and write every type; AppendJSON is the fastest way to write.
//
// # Errors
//
// Reading continues after a value that does not fit: its field stays zero, the others are read, and the error is a
// [DecodeError]. Writing is strict: invalid UTF-8, NaN and malformed free JSON are an [EncodeError]. The API errors of
// the contract also implement error.
//
// # Raw client
//
// [Client] sends single requests and returns the plain *http.Response. It does not authenticate, retry, or check ids
// and status codes. Package client does; its Raw method returns this client with authentication.
//
// # Versions
//
// Names follow the contract: when a constant or a field is removed from it, it is removed here too, in a minor version
// before 1.0 and in a major version after. Unions, enums and structs may grow in any version: name the fields in struct
// literals, and give switches a default.
package gen

import "github.com/seed-111a911e/messagebatches/internal/wire"

// A DecodeError reports a JSON value that does not fit its place in the contract. The decoded value holds everything
// else.
type DecodeError = wire.DecodeError

// An EncodeError reports a Go value that cannot be written as JSON.
type EncodeError = wire.EncodeError
