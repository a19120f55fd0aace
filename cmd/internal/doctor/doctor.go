// Package doctor finds out why calls to the Message Batches API fail. It checks the credential, the base URL, the proxy, the
// connection, the clock and the access, and says for each what is wrong and what to do. It costs nothing: it sends one
// request without the credential, and lists at most one batch.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// A State is the outcome of a check.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, but may fail at times
	Wrong   State = "wrong"
	Skipped State = "skipped" // not run because an earlier check failed
)

// A Check is the result of one check. It contains no credential.
type Check struct {
	// Name is what was checked: credential, base URL, proxy, connection, clock or access.
	Name string `json:"name"`

	// State is the outcome.
	State State `json:"state"`

	// Found is what was found, and Todo what to do about it. Todo is empty if there is nothing to do.
	Found string `json:"found"`
	Todo  string `json:"todo,omitempty"`
}

// Options configure the checks. The zero value checks the settings of the environment.
type Options struct {
	// HTTP makes the requests. Default: http.DefaultClient.
	HTTP *http.Client

	// Client are options of the client, in addition to those of the environment.
	Client []client.Option

	// From names the source of Client's credential; empty means the environment.
	From string

	// Getenv reads the environment, to name variables in the texts. If it is nil, the texts name none.
	Getenv func(string) string
}

// timeout bounds each request.
const timeout = 30 * time.Second

// Run runs all checks and returns their results, in the order of the names at [Check].
func Run(ctx context.Context, o Options) []Check {
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	d := &doctor{Options: o}
	c := d.settings()
	if d.base == nil {
		for _, name := range []string{"proxy", "connection", "clock"} {
			d.add(name, Skipped, "there is no base URL to try", "")
		}
	} else {
		d.network(ctx)
	}
	switch {
	case c == nil:
		d.add("access", Skipped, "there is no valid credential or base URL to try", "")
	case !d.reached:
		d.add("access", Skipped, "the service was not reached", "")
	default:
		d.access(ctx, c)
	}
	return d.checks
}

// A doctor runs checks.
type doctor struct {
	Options

	checks  []Check
	kind    string   // of the credential
	base    *url.URL // nil if it is wrong
	reached bool     // a server responded
}

func (d *doctor) add(name string, state State, found, todo string) {
	d.checks = append(d.checks, Check{name, state, found, todo})
}

// placeholder is used instead of a credential when only the other settings are checked. It is never sent.
const placeholder = "placeholder"

// settings checks credential and base URL, and returns a client if both are valid.
func (d *doctor) settings() *client.Client {
	all := append([]client.Option{client.WithHTTPClient(d.HTTP)}, d.Client...)
	c, err := client.New(all...)
	if err == nil {
		d.base, d.kind = about(c)
		d.credential(nil)
		d.baseURL(nil)
		return c
	}
	// To tell the two apart, credential and base URL are replaced one at a time.
	_, credentialErr := client.New(append(all, client.WithBaseURL("https://localhost"))...)
	other, baseErr := client.New(append(all, client.WithAPIKey(placeholder))...)
	if baseErr == nil {
		d.base, _ = about(other)
	}
	if credentialErr == nil && baseErr == nil {
		credentialErr = err // it concerns both
	}
	d.credential(credentialErr)
	d.baseURL(baseErr)
	return nil
}

// about returns the base URL of a client and the kind of its credential.
func about(c *client.Client) (base *url.URL, kind string) {
	text, _ := strings.CutPrefix(c.String(), "messagebatches client of ")
	address, kind, _ := strings.Cut(text, " with ")
	base, err := url.Parse(address)
	if err != nil {
		return nil, kind
	}
	return base, kind
}

func (d *doctor) credential(err error) {
	const name = "credential"
	if err != nil {
		todo := "fix it"
		if d.Getenv("ANTHROPIC_API_KEY")+d.Getenv("ANTHROPIC_AUTH_TOKEN")+d.Getenv("ANTHROPIC_PROFILE") == "" {
			todo = "set ANTHROPIC_API_KEY to a key of the Console, or log in with \"ant auth login\", whose profile is then used"
		}
		d.add(name, Wrong, reason(err), todo)
		return
	}
	found := cmp.Or(d.kind, "set") // without a client the kind is unknown
	if d.From != "" {
		d.add(name, OK, found+" from "+d.From, "")
		return
	}
	for _, variable := range []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"} {
		if d.Getenv(variable) != "" {
			found += " from " + variable
			break
		}
	}
	if d.Getenv("ANTHROPIC_API_KEY") != "" && d.Getenv("ANTHROPIC_AUTH_TOKEN") != "" {
		d.add(name, Warning, found, "ANTHROPIC_AUTH_TOKEN is also set, but not used: unset one of them")
		return
	}
	d.add(name, OK, found, "")
}

func (d *doctor) baseURL(err error) {
	const name = "base URL"
	switch {
	case err != nil:
		d.add(name, Wrong, reason(err), "fix it, or unset it to use https://api.anthropic.com")
	case d.Getenv("ANTHROPIC_BASE_URL") != "":
		d.add(name, OK, d.base.String()+" from ANTHROPIC_BASE_URL", "")
	default:
		d.add(name, OK, d.base.String(), "")
	}
}

// reason returns the text of an error of client.New for users of the command.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "new client: ")
	if strings.HasPrefix(text, "no credential") {
		return "no credential"
	}
	text, _, _ = strings.Cut(text, ", or WithInsecureHTTP")
	return strings.Join(strings.Fields(text), " ")
}

// access lists at most one batch with the credential.
func (d *doctor) access(ctx context.Context, c *client.Client) {
	const name = "access"
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var response client.Response
	var err error
	for _, err = range c.List(ctx, client.WithPageSize(1), client.WithRetry(client.Retry{MaxAttempts: 1}), client.WithResponse(&response)) {
		break
	}
	if err == nil {
		d.add(name, OK, "the service accepts the credential", "")
		return
	}
	var api *client.APIError
	isAPI := errors.As(err, &api)
	found := strings.TrimPrefix(err.Error(), "list batches: ")
	switch {
	case errors.Is(err, client.ErrAuthentication):
		d.add(name, Wrong, found, "the service does not know the credential: "+d.renew())
	case isAPI && (api.StatusCode == http.StatusNotFound || api.Detail == nil):
		d.add(name, Wrong, found, fmt.Sprintf("there may be no Message Batches API at %s: fix ANTHROPIC_BASE_URL", d.base))
	case errors.Is(err, client.ErrPermission):
		d.add(name, Wrong, found, "the credential is not allowed to use batches here: ask an administrator of the organization, or use a credential of another workspace")
	case errors.Is(err, client.ErrBilling), errors.Is(err, client.ErrSpendLimit):
		d.add(name, Wrong, found, "add credit, or raise the limit, in the Console")
	case errors.Is(err, client.ErrRateLimited), errors.Is(err, client.ErrOverloaded), errors.Is(err, client.ErrAPI), errors.Is(err, client.ErrTimeout):
		d.add(name, Warning, found, "the service was reached, but is busy or has problems: try again in a few minutes")
	default:
		d.add(name, Wrong, found, "fix what the message says")
	}
}

// renew returns how to get a valid credential.
func (d *doctor) renew() string {
	switch {
	case d.From != "":
		return "check in the Console whether the key in " + d.From + " was deleted or belongs to another service, and make a new one"
	case d.Getenv("ANTHROPIC_API_KEY") != "":
		return "check in the Console whether the key in ANTHROPIC_API_KEY was deleted or belongs to another service, and make a new one"
	case d.Getenv("ANTHROPIC_AUTH_TOKEN") != "":
		return "the token in ANTHROPIC_AUTH_TOKEN may have expired: get a new one"
	case strings.HasPrefix(d.kind, "profile"):
		return "log in again with \"ant auth login\""
	}
	return "get a new one"
}
