// Package page converts the contract to a web page: one HTML file that contains Redoc and the contract, and loads nothing
// from the network.
package page

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// redoc is the bundle of Redoc from npm, compressed. The version is the one in conformance/foreign/package.json; make
// contract-page copies it. Redoc and what it bundles are under the MIT license, except DOMPurify, which is used under the
// Apache License 2.0. See LICENSES.txt.
//
//go:embed redoc.js.gz
var redoc []byte

//go:embed page.html
var layout string

// HTML returns the web page for a contract, an OpenAPI document in YAML.
func HTML(contract string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(contract), &doc); err != nil {
		return nil, err
	}
	prepare(&doc)
	var object bytes.Buffer
	if err := writeJSON(&object, &doc); err != nil {
		return nil, err
	}
	var head struct {
		Info struct{ Title, Version string }
	}
	if err := doc.Decode(&head); err != nil {
		return nil, err
	}
	script, err := bundle()
	if err != nil {
		return nil, err
	}
	t, err := template.New("page.html").Parse(layout)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, map[string]string{
		"Title":    template.HTMLEscapeString(head.Info.Title + " " + head.Info.Version),
		"Script":   strings.ReplaceAll(script, "</script", `<\/script`),
		"Contract": object.String(),
	})
	return page.Bytes(), err
}

// logo is the only thing that Redoc would load from elsewhere.
const logo, noLogo = "https://cdn.redoc.ly/redoc/logo-mini.svg", "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"

// bundle returns Redoc's script.
func bundle() (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(redoc))
	if err != nil {
		return "", fmt.Errorf("redoc.js.gz: %w", err)
	}
	text, err := io.ReadAll(r)
	return strings.ReplaceAll(string(text), logo, noLogo), err
}
