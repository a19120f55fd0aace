// Package metrics exports the metrics of a process and of its jobs to Prometheus.
//
// Counters count what this process has done since it started, and can be summed over processes. Gauges describe the state of
// jobs; all processes that serve the same jobs report the same gauges, so take their maximum:
//
//	messagebatches_results_total{outcome,error}     results of batches that were read completely: succeeded, errored, expired, canceled or other
//	messagebatches_tokens_total{model,kind}         their tokens: input, cache_write, cache_read, output
//	messagebatches_cost_total{model,currency}       their cost at list prices
//	messagebatches_calls_total{operation,outcome}   finished calls of the service: ok or error
//	messagebatches_attempts_total{operation,status} HTTP requests: 2xx, 4xx, 429, 5xx, or none for no response
//	messagebatches_call_retries_total{operation}    HTTP requests that were retried
//	messagebatches_polls_total                      calls that poll batches
//	messagebatches_uncertain_creates_total          creates with an unknown outcome
//	messagebatches_events_total{kind}               events of the job, in a run only
//
//	messagebatches_up                               1 if the metrics below could be read
//	messagebatches_jobs{state}                      jobs: running, paused, done, canceled or rebuilding
//	messagebatches_batches{state}                   batches of the jobs that are not over
//	messagebatches_requests{state}                  their requests, counted in each round
//	messagebatches_job_requests                     requests in their inputs
//	messagebatches_job_requests_settled             of these, requests with a final result
//	messagebatches_resent_requests                  requests that were or will be resent
//	messagebatches_waiting_requests                 requests of the organization that wait for results
//	messagebatches_waiting_limit                    how many may wait; 0 means no limit
//	messagebatches_oldest_batch_age_seconds         age of the oldest running batch; missing if there is none
//	messagebatches_oldest_batch_expiry_seconds      time until it expires
//	messagebatches_job_cost{kind,currency}          actual, reserved for running batches, estimated, or ahead
//
// States of batches are those of package jobs; states of requests are planned, sending, doubtful, waiting, unread, collected
// and gone. Labels contain no IDs and no labels of jobs. A label has at most 50 values from responses; any others are
// "other".
package metrics
