package preflight

import (
	"context"
	"io"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A Checker checks each batch that a client creates, see [client.WithPreflight]. The zero Checker checks everything.
// It does not report warnings, such as an unknown model: call [Check] or [CheckLines] to see them.
type Checker struct {
	// Disable turns rules off, as in [Options].
	Disable []Rule
}

// CheckRequests implements client.Checker. The error is an [*IssuesError].
func (c Checker) CheckRequests(_ context.Context, requests []gen.BetaMessageBatchIndividualRequestParams, info client.CallInfo) error {
	return Check(requests, c.options(info)).Err()
}

// CheckLines implements client.Checker. The error is an [*IssuesError], or the read error.
func (c Checker) CheckLines(_ context.Context, lines io.Reader, info client.CallInfo) error {
	report, err := CheckLines(lines, c.options(info))
	if err != nil {
		return err
	}
	return report.Err()
}

func (c Checker) options(info client.CallInfo) Options {
	return Options{Version: info.Version, Betas: info.Betas, Disable: c.Disable}
}
