package foreign

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Tool reads the contract and reports findings.
type Tool struct {
	Name    string // as in -gate
	Version string // of its package or module
	npm     bool   // needs node and npm
	run     func(ctx context.Context, r *Run) (findings []string, err error)
}

// A Run is one run of tools on one contract.
type Run struct {
	Contract string // path of openapi.yaml, absolute
	Facts    string // path of inventory.json, absolute
	Newer    string // path of newer.json, absolute: values that are newer than the contract, for validate.mjs
	Folder   string // this package's folder, absolute; _out below it is overwritten
}

// Tools returns all tools in the order in which they run.
func Tools(r *Run) ([]Tool, error) {
	pinned, err := pins(r.Folder)
	if err != nil {
		return nil, err
	}
	return []Tool{
		{"redocly", pinned["@redocly/cli"], true, redocly},
		{"openapi-typescript", pinned["openapi-typescript"], true, openAPITypeScript},
		{"hey-api", pinned["@hey-api/openapi-ts"], true, heyAPI},
		{"prism", pinned["@stoplight/prism-cli"], true, prism},
		{"ajv", pinned["ajv"], true, ajv},
		{"inventory", pinned["@anthropic-ai/sdk"], true, inventory},
		{"oapi-codegen", oapiCodegenVersion, false, oapiCodegen},
		{"ogen", ogenVersion, false, ogen},
	}, nil
}

// All runs the tools and writes one line for each: name, version, findings, seconds. The first findings follow. Gates
// are names of tools; All returns those that have findings. Without node or npm it skips their tools, with a line that
// says so.
func (r *Run) All(ctx context.Context, w io.Writer, tools []Tool, gates []string) (failed []string, err error) {
	for _, gate := range gates {
		if !slices.ContainsFunc(tools, func(t Tool) bool { return t.Name == gate }) {
			return nil, fmt.Errorf("there is no tool %q", gate)
		}
	}
	haveNPM, err := r.npm(ctx, w)
	if err != nil {
		return nil, err
	}
	for _, t := range tools {
		if t.npm && !haveNPM {
			fmt.Fprintf(w, "%-23s %-8s skipped, there is no node or npm\n", t.Name, t.Version)
			continue
		}
		began := time.Now()
		findings, err := t.run(ctx, r)
		if err != nil {
			return failed, fmt.Errorf("%s: %w", t.Name, err)
		}
		note := ""
		if !slices.Contains(gates, t.Name) {
			note = ", reported only"
		} else if len(findings) > 0 {
			failed = append(failed, t.Name)
		}
		fmt.Fprintf(w, "%-23s %-8s %3d findings %5.1f s%s\n", t.Name, t.Version, len(findings), time.Since(began).Seconds(), note)
		list(w, findings)
	}
	return failed, nil
}

const maxFindings, maxWidth = 10, 240

// list writes the first findings, one per line.
func list(w io.Writer, findings []string) {
	for i, f := range findings {
		if i == maxFindings {
			fmt.Fprintf(w, "    and %d more\n", len(findings)-i)
			return
		}
		if f = strings.Join(strings.Fields(f), " "); len(f) > maxWidth {
			f = f[:maxWidth] + "..."
		}
		fmt.Fprintf(w, "    %s\n", f)
	}
}

// finding returns the error of a tool that read the contract as its only finding.
func finding(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// out empties a folder below _out and returns its path.
func (r *Run) out(name string) (string, error) {
	dir := filepath.Join(r.Folder, "_out", name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o777)
}

// command runs a program in a folder and returns its output, which an error contains too.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(name), err, text)
	}
	return string(text), err
}
