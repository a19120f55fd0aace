package batchtest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithKey("key"))
	const federation = `{"grant_type":"urn:ietf:params:oauth:grant-type:jwt-bearer",`
	for body, want := range map[string]string{
		federation + `"assertion":"j","federation_rule_id":"r","organization_id":"o"}`: `"access_token":"key"`,
		federation + `"assertion":"j","federation_rule_id":"r"}`:                       "organization_id are required",
		`{"grant_type":"refresh_token","refresh_token":"r","client_id":"c"}`:           `"refresh_token":"refresh_`,
		`{"grant_type":"refresh_token","refresh_token":"r"}`:                           "client_id are required",
		`{"grant_type":"password"}`:                                                    "unsupported_grant_type",
		`[`:                                                                            "not a JSON object",
	} {
		resp, err := s.HTTPClient().Post(s.URL()+"/v1/oauth/token", "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(text), want) || (resp.StatusCode == http.StatusOK) != strings.Contains(string(text), "access_token") {
			t.Errorf("%s: got %d %s, %v, want %s", body, resp.StatusCode, text, err, want)
		}
		resp.Body.Close()
	}
}
