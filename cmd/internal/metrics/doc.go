// Package metrics tells Prometheus what a process does and how far its jobs are.
//
// Counters are what this process did since it began: they may be added up over processes. Gauges are how far jobs are; all
// processes that serve the same jobs show the same ones, so that their maximum is what counts:
//
//	messagebatches_results_total{outcome,error}     results of batches that were read to their ends: succeeded, errored, expired, canceled or other
//	messagebatches_tokens_total{model,kind}         tokens of these: input, cache_write, cache_read, output
//	messagebatches_cost_total{model,currency}       what these cost by list prices
//	messagebatches_calls_total{operation,outcome}   calls of the service that ended: ok or error
//	messagebatches_attempts_total{operation,status} HTTP requests: 2xx, 4xx, 429, 5xx, or none for no response
//	messagebatches_call_retries_total{operation}    HTTP requests that were made again
//	messagebatches_polls_total                      calls that ask how far batches are
//	messagebatches_uncertain_creates_total          creates whose outcome is not known
//	messagebatches_events_total{kind}               events of the job, in a run only
//
//	messagebatches_up                               1 if what follows could be read
//	messagebatches_jobs{state}                      jobs: running, paused, done, canceled or rebuilding
//	messagebatches_batches{state}                   batches of the jobs that are not over
//	messagebatches_requests{state}                  their requests, in each round anew
//	messagebatches_job_requests                     requests of their inputs
//	messagebatches_job_requests_settled             of these, those that have their final result
//	messagebatches_resent_requests                  requests that were sent again, or will be
//	messagebatches_waiting_requests                 requests of the organization that wait at the service
//	messagebatches_waiting_limit                    how many may wait; 0 is any number
//	messagebatches_oldest_batch_age_seconds         age of the oldest batch that runs; missing if none does
//	messagebatches_oldest_batch_expiry_seconds      time until it expires
//	messagebatches_job_cost{kind,currency}          actual, reserved for batches at the service, estimated, or ahead
//
// States of batches are those of package jobs; states of requests are planned, sending, doubtful, waiting, unread, collected
// and gone. The labels have no IDs and no labels of jobs, and few values: whatever responses name, a label has at most 50
// values, and others are "other".
package metrics
