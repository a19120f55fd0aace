// Package convert converts other formats to requests files, one {"custom_id", "params"} per line, and results files to
// tables:
//
//   - [Rows]: CSV and TSV, with a template for the parameters
//   - [OpenAI]: requests of OpenAI's Batch API
//   - [Array]: a JSON array of requests, or the body of a create call
//   - [Results]: results as CSV, joined with the table that the requests were made from
//
// Each streams, and holds only one request or row and the custom IDs in memory. Anything that cannot be converted unchanged
// becomes a [Note], so that nothing is lost silently.
package convert
