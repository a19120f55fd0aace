package client

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"slices"
	"time"
)

// A call holds the settings of one call: the client's options and its own.
type call struct {
	op          operation
	version     APIVersion
	betas       []Beta
	header      http.Header
	workspace   string
	userProfile string
	retry       Retry
	patient     bool // MaxAttempts of retry is the default
	once        bool // the caller retries, as Wait does
	response    *Response
	hooks       hookList
	seen        *observation // of this call, nil without hooks
	attempt     int          // number of the current attempt

	bodySum     *[sha256.Size]byte // of a create that is signed
	atLeastOnce bool
	checker     Checker
	fence       func() error
	watermark   Watermark

	pageSize      int
	after, before string

	minInterval, maxInterval time.Duration
	onPoll                   func(*Batch)

	maxLine int
}

// A Checker checks the requests of a batch before anything is sent, see [WithPreflight]. It must be safe for concurrent
// use by concurrent calls.
type Checker interface {
	// CheckRequests checks the requests of Create. It must not change or keep them.
	CheckRequests(ctx context.Context, requests []Request, info CallInfo) error

	// CheckLines checks the lines of CreateLines.
	CheckLines(ctx context.Context, lines io.Reader, info CallInfo) error
}

// CallInfo is what a [Checker] needs to know about a call.
type CallInfo struct {
	// Version is the version of the API.
	Version APIVersion

	// Betas are those of the client and of the call, in the order in which they are sent.
	Betas []Beta
}

// A Watermark records which batches a workspace had at one time, see [Client.Watermark]. It can be stored as JSON. The zero
// Watermark is unknown.
type Watermark struct {
	// Listed reports that the list was read. It may have been empty.
	Listed bool

	// Seen are the IDs of the newest batches in it.
	Seen []string

	// Below are the IDs of the batches after those, newest first: they are so old that no new batch is listed below them.
	// All batches that List shows below the first of them existed before. Below is empty if Seen holds all batches.
	Below []string
}

func (c *call) addBetas(betas []Beta) error {
	for _, b := range betas {
		if err := checkBeta(b); err != nil {
			return err
		}
		if !slices.Contains(c.betas, b) {
			c.betas = append(c.betas, b)
		}
	}
	return nil
}

func (c *call) info() CallInfo { return CallInfo{Version: c.version, Betas: slices.Clone(c.betas)} }
