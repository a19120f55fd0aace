// Package report makes a report about jobs: their outcomes, failures with reasons, cost, and times. The report is data that
// can be written as JSON, or as an HTML page that loads nothing from the network and runs no script.
package report
