// Package convert makes files of requests, one {"custom_id", "params"} a line, from other formats, and tables from files of
// results:
//
//   - [Rows]: CSV and TSV, with a template for the parameters
//   - [OpenAI]: requests of OpenAI's Batch API
//   - [Array]: a JSON array of requests, or the body of a create call
//   - [Results]: results as CSV, joined with the table that the requests were made of
//
// Each reads and writes as it goes, and holds one request or row in memory, beside the custom IDs. What cannot be converted
// as it is becomes a [Note], so that nothing is lost silently.
package convert
