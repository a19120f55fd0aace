package live

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestSecrets uses a service that echoes secrets: they must not be in the record.
func TestSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const custom = "value-of-a-gateway"
		s := newService(t,
			batchtest.WithHeader("x-echo", key), batchtest.WithHeader("set-cookie", "id=cookie-value"), batchtest.WithHeader("x-user-email", "jane@example.com"),
			batchtest.WithHeader("x-upstream", "of org_fake"))
		s.Inject(batchtest.Create,
			batchtest.Fail(400, "invalid_request_error", "bad "+strings.Repeat("x", longestText-10)+key+" "+custom+" of org_fake, wrkspc_fake"),
			batchtest.Fail(400, "invalid_request_error", "\x1b[2J| `"+key+"` <b>\n# Title"))
		o := optionsFor(s)
		o.Client = append(o.Client, client.WithHeader("x-gateway", "Basic "+custom))
		var mu sync.Mutex
		var progress strings.Builder
		o.Progress = writerFunc(func(p []byte) { mu.Lock(); defer mu.Unlock(); progress.Write(p) })
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text := r.Markdown() + progress.String() + strings.Join(r.Failed(), "\n")
		for _, secret := range []string{key, key[:12], custom, "cookie-value", "jane@", "org_fake", "wrkspc_fake", "\x1b", "\n# Title"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in the record:\n%s", secret, text)
			}
		}
		for _, want := range []string{"| `x-echo` | 200, 400, 404 | `[secret]` |", "`org_…`", "`wrks…`", "(15 bytes, not shown)", "`req_01fake", `\x1b[2J\| '[secret]' <b>\n# Title`} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in the record:\n%s", want, text)
			}
		}
	})
}
