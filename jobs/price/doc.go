// Package price computes what requests in batches cost. It has a dated table of list prices with its sources, estimates the
// cost of a file of requests, and computes the cost of its results.
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
// A [Table] is a JSON file; [Default] returns the one in this package. Tables have list prices. Batches pay half the list
// price of each kind of tokens, and all amounts that this package returns include this discount. Usage without a price is
// never free: estimates name the models without prices, and [Usage.Cost] returns a [*bulk.PriceError].
//
// # Estimates
//
// An estimate uses only the requests and makes no calls. Tokens of text are estimated by kinds of characters, because the
// tokenizers of the models are not public: about 3.5 characters of English are a token, fewer of code and JSON, and an
// ideograph is one token or more; models with the newer tokenizer have 35 % more tokens. Expect an error of up to 25 %,
// which the range allows for. Images are counted by their size in pixels, which is read from their first bytes: a patch of
// 28 by 28 pixels is a token, after the image was scaled down to the limits of the model. Each page of a PDF document is an
// image and up to 3,000 tokens of text. Documents and images that are not in the request count from almost nothing to their
// maximum. Output is between 2 % of max_tokens and all of it, and a quarter is expected; [Options], and the results that a
// job has seen, replace this.
//
// The prompt cache widens the range: at best almost every request reads what an earlier one has written; at worst none does,
// and each pays for writing.
package price
