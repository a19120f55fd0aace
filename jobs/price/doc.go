// Package price says what requests in batches cost: a dated table of list prices with its sources, an estimate of what a
// file of requests will cost, and the bill for its results.
//
//	package main
//
//	import (
//		"fmt"
//		"log"
//		"os"
//
//		"github.com/seed-111a911e/messagebatches/jobs/price"
//	)
//
//	func main() {
//		f, err := os.Open("requests.jsonl")
//		if err != nil {
//			log.Fatal(err)
//		}
//		defer f.Close()
//		e := price.NewEstimator(price.Default(), price.Options{})
//		if err := e.Lines(f); err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(e.Estimate())
//	}
//
// # Prices
//
// A [Table] is a JSON file; the one in this package is that of [Default]. Batches pay half of the list price of each kind
// of tokens: tables have list prices, and all amounts are what batches cost. What has no price is never free: estimates
// name the models without prices, and bills are a [*bulk.PriceError].
//
// # Estimates
//
// An estimate is made from the requests alone, without a call. Tokens of text are counted by kinds of characters, because
// the tokenizers of the models are not public: 3.5 characters of English are a token, fewer of code and JSON, and an
// ideograph is one or more; models with the newer tokenizer count 35 % more. Expect an error of up to 25 %, which is what
// the range allows for. Images are counted by their size in pixels, which is read from their first bytes: a patch of 28 by
// 28 pixels is a token, after the image was scaled down to what the model takes. Each page of a PDF document is an image
// and up to 3,000 tokens of text. Documents and images that are not in the request are between nothing and the most that
// they may be. Output is between 2 % of max_tokens and all of it, and a quarter is expected; [Options] and what a job has
// seen of its own results replace that.
//
// The prompt cache makes a range of its own: at best nearly each request finds what an earlier one has written, at worst
// none does and each pays for writing it.
package price
