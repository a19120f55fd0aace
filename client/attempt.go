package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// do makes one attempt: it checks where the request goes, adds the headers that every request carries, and sends it.
func (c *Client) do(req *http.Request, cl *call) (*http.Response, error) {
	s := c.s()
	if err := checkTarget(s.base, req.URL); err != nil {
		return nil, localError{err}
	}
	if query := req.URL.Query(); !query.Has("beta") {
		query.Set("beta", "true")
		req.URL.RawQuery = query.Encode()
	}
	seen, req, more := cl.startAttempt(req)
	resp, err := c.send(req, cl, seen, more)
	if err != nil {
		seen.failed(err)
	}
	return resp, err
}

// send adds the headers that every request carries, and sends the request.
func (c *Client) send(req *http.Request, cl *call, seen *observedAttempt, more http.Header) (*http.Response, error) {
	s := c.s()
	refused, err := c.addHeaders(req, cl)
	if err != nil {
		return nil, err
	}
	addMore(req.Header, more)
	if err := c.signRequest(req, cl); err != nil {
		return nil, err
	}
	h := s.reads
	if req.Body != nil && req.Body != http.NoBody {
		h = s.creates
	}
	if req.Method != http.MethodGet {
		req.GetBody = nil // with it net/http may resend a request by itself
	}
	secret := secretsOf(req.Header).with(s.proxy...)
	req = req.WithContext(secret.keep(req.Context()))
	began := time.Now()
	resp, err := h.Do(req)
	switch {
	case err != nil:
		err = connectionError(s.base, err, secret)
	case s.base.Scheme == "http" && refusesPlain(resp):
		resp.Body.Close()
		err = localError{errTLSServer(s.base)}
	}
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		refused()
	}
	resp.Body = fitBody{resp.Body, secret}
	seen.responded(resp, secret)
	cl.response.read(resp)
	s.clock.seeDate(resp.Header, began)
	return resp, nil
}

// addMore adds the headers of hooks, except those that are already set and those that a program may not set.
func addMore(h, more http.Header) {
	if len(more) == 0 {
		return
	}
	var checked call
	for name, values := range more {
		if len(values) == 1 && h.Get(name) == "" {
			_ = addHeader(&checked, name, values[0])
		}
	}
	maps.Copy(h, checked.header)
}

// addHeaders adds the headers that every request carries. Headers that the request already has win, except for the
// credential; betas are merged. refused must be called if the response is a 401.
func (c *Client) addHeaders(req *http.Request, cl *call) (refused func(), err error) {
	own := map[string]string{
		"user-agent":             c.s().userAgent,
		"anthropic-version":      string(cl.version),
		"anthropic-workspace-id": cl.workspace,
	}
	for name, value := range own {
		if value != "" && req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	for name, values := range cl.header {
		if req.Header.Get(name) == "" {
			req.Header[name] = values
		}
	}
	if refused, err = c.s().credential.authenticate(req); err != nil {
		return nil, err
	}
	merged := call{}
	for _, betas := range [][]Beta{cl.betas, headerBetas(req.Header)} {
		if err := merged.addBetas(betas); err != nil {
			return nil, localError{err}
		}
	}
	if len(merged.betas) > 0 {
		names := make([]string, len(merged.betas))
		for i, b := range merged.betas {
			names[i] = string(b)
		}
		req.Header.Set("anthropic-beta", strings.Join(names, ","))
	}
	return refused, nil
}

// newCall returns the settings of a call.
func (c *Client) newCall(op operation, opts []CallOption) (call, error) {
	return c.s().call.with(op, opts)
}

// repeat makes attempts until one succeeds or try says that another one would not help. After a 401 from the API it
// refreshes the credential once, if it can be refreshed.
func (c *Client) repeat(ctx context.Context, cl *call, try func() (next, error)) error {
	began, counted, refreshed := time.Now(), 0, false
	for attempt := 1; ; attempt++ {
		cl.attempt = attempt
		then, err := try()
		if err == nil {
			return nil
		}
		if then != patiently || !cl.patient {
			counted++
		}
		var apiErr *APIError
		if errors.As(err, &apiErr) {
			apiErr.Attempts = attempt
		} else if attempt > 1 {
			err = fmt.Errorf("%w (after %d attempts)", err, attempt)
		}
		spent := counted >= cl.retry.MaxAttempts && !cl.once
		if c.s().credential.refresh && !refreshed && !spent && isUnauthorized(err) {
			refreshed = true
			cl.retrying(ctx, attempt, 0, err)
			continue
		}
		if then == last || spent || cl.once || ctx.Err() != nil {
			return err
		}
		if err := c.backoff(ctx, cl, attempt, began, then, err); err != nil {
			return err
		}
	}
}

// isUnauthorized reports whether the API itself refused the credential.
func isUnauthorized(err error) bool {
	var apiErr *APIError
	return errors.As(err, &apiErr) && apiErr.StatusCode == http.StatusUnauthorized && apiErr.fromAPI()
}

// backoff waits until the next attempt, after the given one failed with err. If the wait would be too long, it returns the
// error that the call fails with.
func (c *Client) backoff(ctx context.Context, cl *call, attempt int, began time.Time, then next, err error) error {
	d, ok := cl.retry.delay(attempt, err, c.s().random)
	if !ok || cl.retry.outlasts(time.Since(began), d, then) {
		return err
	}
	cl.retrying(ctx, attempt, d, err)
	return pause(ctx, d, err)
}
