package foreign

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
)

const (
	oapiCodegenVersion = "v2.8.2"
	ogenVersion        = "v1.25.0"
)

// oapiCodegen generates models, a client and a server with the generator's own templates, and builds them.
func oapiCodegen(ctx context.Context, r *Run) ([]string, error) {
	dir, err := r.out("oapi-codegen")
	if err != nil {
		return nil, err
	}
	config := "package: stock\noutput: stock.gen.go\ngenerate: {models: true, client: true, std-http-server: true}\n"
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o666); err != nil {
		return nil, err
	}
	if _, err = command(ctx, dir, "go", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@"+oapiCodegenVersion,
		"-config", "config.yaml", r.Contract); err == nil {
		_, err = command(ctx, dir, "go", "build", ".")
	}
	return finding(err), nil
}

// ogen generates a client and a server. It is stricter than the others, and reports only the first error as a finding.
func ogen(ctx context.Context, r *Run) ([]string, error) {
	dir, err := r.out("ogen")
	if err != nil {
		return nil, err
	}
	text, err := command(ctx, dir, "go", "run", "github.com/ogen-go/ogen/cmd/ogen@"+ogenVersion,
		"--target", dir, "--package", "ogen", r.Contract)
	if causes := ogenCause.FindAllString(text, -1); err != nil && causes != nil {
		return causes[len(causes)-1:], nil
	}
	return finding(err), nil
}

// ogenCause matches a feature that ogen lacks, or an error in a chain, the last of which is the cause.
var ogenCause = regexp.MustCompile(`(?m)^Feature .*|^ *- .*`)
