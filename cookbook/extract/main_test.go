package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
)

func TestExtract(t *testing.T) {
	t.Parallel()
	c, err := connect.New(false, answers, nil, client.WithPreflight(preflight.Checker{}))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := extract(t.Context(), c, &out, []string{"invoice.pdf", "invoice.png"}); err != nil {
		t.Fatal(err)
	}
	t.Logf("extract invoice.pdf invoice.png\n%s", &out)
	read := make(map[string]invoice)
	for line := range strings.Lines(out.String()) {
		name, text, _ := strings.Cut(line, " ")
		var found invoice
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			t.Fatal(err)
		}
		read[name] = found
	}
	if pdf := read["invoice.pdf"]; pdf.Vendor != "Paper & Sons" || pdf.Currency != "EUR" || pdf.Total != 59.5 || len(pdf.Items) != 1 || pdf.Due != nil {
		t.Errorf("from the PDF: %+v", pdf)
	}
	if png, ok := read["invoice.png"]; !ok || png.Currency == "" || len(read) != 2 {
		t.Errorf("from the image: %+v", png)
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	c, err := connect.New(false, answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.go", "none.pdf"} {
		if err := extract(t.Context(), c, new(bytes.Buffer), []string{name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
