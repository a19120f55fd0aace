package gen_test

import (
	"net/http"
	"testing"

	"github.com/seed-111a911e/messagebatches/gen"
)

// TestBetaParameter checks that every request selects the beta variant by default.
func TestBetaParameter(t *testing.T) {
	t.Parallel()
	const server = "https://api.example.com"
	for name, request := range map[string]func() (*http.Request, error){
		"create": func() (*http.Request, error) {
			return gen.NewCreateMessageBatchRequest(server, &gen.CreateMessageBatchParams{}, gen.BetaCreateMessageBatchParams{})
		},
		"retrieve": func() (*http.Request, error) {
			return gen.NewRetrieveMessageBatchRequest(server, "a", &gen.RetrieveMessageBatchParams{})
		},
		"list": func() (*http.Request, error) {
			return gen.NewListMessageBatchesRequest(server, &gen.ListMessageBatchesParams{})
		},
		"cancel": func() (*http.Request, error) {
			return gen.NewCancelMessageBatchRequest(server, "a", &gen.CancelMessageBatchParams{})
		},
		"delete": func() (*http.Request, error) {
			return gen.NewDeleteMessageBatchRequest(server, "a", &gen.DeleteMessageBatchParams{})
		},
		"results": func() (*http.Request, error) {
			return gen.NewRetrieveMessageBatchResultsRequest(server, "a", &gen.RetrieveMessageBatchResultsParams{})
		},
	} {
		t.Run("request/"+name, func(t *testing.T) {
			t.Parallel()
			r, err := request()
			if err != nil {
				t.Fatal(err)
			}
			if r.URL.RawQuery != "beta=true" {
				t.Errorf("got query %q", r.URL.RawQuery)
			}
		})
	}
}
