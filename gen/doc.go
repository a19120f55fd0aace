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
//		case *gen.Unknown: // newer than the contract; r.Raw has it whole
//			fmt.Printf("%s %s\n", line.CustomID, r.Raw)
//		}
//	}
//
// # Shapes
//
// An object is a struct. Its zero fields are left out, or null where the contract wants the property; a field is a
// pointer only where zero and absent differ, as for a temperature of 0. A property that can have only one value is not
// a field: the encoder writes it. What users extend has a field Extra, for properties that are newer than the contract.
// A request that is decoded keeps them there. In the objects inside it, which have no such field, an unknown property is a
// [DecodeError] with Unknown set, because the request would be sent without it. In responses it is ignored.
//
// A union is an interface that its members implement, objects by pointer, strings and lists by value:
//
//	short := gen.BetaUserMessageParam{Content: gen.BetaTextContent("Hello, world")}
//	long := gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks{&gen.BetaTextBlockParam{Text: "Hello, world"}}}
//	fmt.Println(short, long)
//
// A member that is newer than the contract is a *[Unknown], which has its JSON.
//
// An enum is a string with constants. The service may send values that have none.
//
// Free JSON (the input of a tool, a schema) is jsontext.Value: order of properties and size of numbers are kept.
//
// # Codecs
//
// encoding/json and encoding/json/v2 read and write every type; AppendJSON writes fastest.
//
// # Errors
//
// Reading keeps going where a value does not fit: the field stays zero, the others are read, and the error is a
// [DecodeError]. Writing is strict: invalid UTF-8, NaN and malformed free JSON are an [EncodeError]. The nine errors of
// the API that the contract names are Go errors too.
//
// # Raw client
//
// [Client] sends single requests and hands out the plain *http.Response. It does not authenticate, retry, check ids or
// look at the status. Package client does; its Raw method gives this client with authentication.
//
// # Versions
//
// Names follow the contract: a constant or a field that has gone from it has gone from here too, in a minor version
// before 1.0 and a major one after. Unions, enums and structs grow in any version: write struct literals with the names
// of fields, and give switches a default.
package gen

import "github.com/seed-111a911e/messagebatches/internal/wire"

// A DecodeError reports a JSON value that does not fit its place in the contract. The value that was decoded
// holds everything else.
type DecodeError = wire.DecodeError

// An EncodeError reports a Go value that cannot be written as JSON.
type EncodeError = wire.EncodeError
