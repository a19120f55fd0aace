package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/cmd/messagebatches/page"
)

const contractLong = `Writes the contract of the Message Batches API, an OpenAPI 3.1 document, to standard output: as
YAML, as JSON with --json, or as a web page with --html. The page loads nothing from the network.

Exit status: 0, or 2 if it could not be written.`

const contractExample = `  messagebatches contract >openapi.yaml
  messagebatches contract --html >contract.html`

func newContract(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "contract", Short: "Write the API contract as YAML, JSON or a web page",
		Long: contractLong, Example: contractExample, Args: noArguments,
	}
	html := c.Flags().Bool("html", false, "write a web page")
	c.RunE = func(*cobra.Command, []string) error { return a.contract(*html) }
	return c
}

func (a *app) contract(html bool) error {
	text := []byte(messagebatches.OpenAPI())
	var err error
	switch {
	case html:
		text, err = page.HTML(messagebatches.OpenAPI())
	case a.json:
		text, err = page.JSON(messagebatches.OpenAPI())
	}
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}

// contractPage serves the contract as a web page.
func contractPage(w http.ResponseWriter, _ *http.Request) {
	text, err := page.HTML(messagebatches.OpenAPI())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("content-type", "text/html; charset=utf-8")
	w.Write(text)
}
