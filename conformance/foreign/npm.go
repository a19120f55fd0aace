package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// pins returns the versions that package.json pins, by package.
func pins(folder string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return nil, err
	}
	var manifest struct{ DevDependencies map[string]string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("package.json: %w", err)
	}
	return manifest.DevDependencies, nil
}

// npm installs the packages in package-lock.json, unless that has been done. It reports whether node and npm exist.
func (r *Run) npm(ctx context.Context, w io.Writer) (bool, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return false, nil //nolint:nilerr // not having them is not an error
		}
	}
	lock, err := os.ReadFile(filepath.Join(r.Folder, "package-lock.json"))
	if err != nil {
		return false, err
	}
	stamp := filepath.Join(r.Folder, "node_modules", ".installed") // a copy of the lock file
	if installed, err := os.ReadFile(stamp); err == nil && bytes.Equal(installed, lock) {
		return true, nil
	}
	fmt.Fprintln(w, "npm ci: installing the tools that package-lock.json names")
	if _, err := command(ctx, r.Folder, "npm", "ci", "--loglevel=error"); err != nil {
		return false, err
	}
	return true, os.WriteFile(stamp, lock, 0o666)
}

// ajv validates values newer than the contract, which must accept them, and some that it must refuse.
func ajv(ctx context.Context, r *Run) ([]string, error) {
	if _, err := os.Stat(r.Newer); err != nil {
		return finding(err), nil
	}
	text, err := r.node(ctx, "validate.mjs", r.Contract, r.Newer)
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' }), err
}

// inventory derives the facts about types again, from the pinned TypeScript SDK.
func inventory(ctx context.Context, r *Run) ([]string, error) {
	derived, err := r.node(ctx, "inventory.mjs")
	if err != nil {
		return nil, err
	}
	facts, err := os.ReadFile(r.Facts)
	if err != nil {
		return nil, err
	}
	if string(facts) != derived {
		return []string{r.Facts + " is out of date with the pinned SDK: run conformance/inventory.sh"}, nil
	}
	return nil, nil
}

// node runs a script in this folder and returns its output.
func (r *Run) node(ctx context.Context, script string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Dir = r.Folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", script, err, stderr.Bytes())
	}
	return string(text), nil
}

// bin returns the path of a program that npm has installed.
func (r *Run) bin(name string) string { return filepath.Join(r.Folder, "node_modules", ".bin", name) }

// redocly lints the contract with the strictest rule set: warnings are errors.
func redocly(ctx context.Context, r *Run) ([]string, error) {
	cmd := exec.CommandContext(ctx, r.bin("redocly"), "lint", "--format=json", "--max-problems=1000",
		"--extends=recommended-strict", r.Contract)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	cmd.Dir = r.Folder
	text, err := cmd.Output()
	var report struct {
		Problems []struct {
			RuleID   string
			Message  string
			Location []struct{ Pointer string }
		}
	}
	if err2 := json.Unmarshal(text, &report); err2 != nil {
		return nil, fmt.Errorf("output is not the JSON report: %w", errors.Join(err, err2))
	}
	var findings []string
	for _, p := range report.Problems {
		place := "?"
		if len(p.Location) > 0 {
			place = p.Location[0].Pointer
		}
		findings = append(findings, p.RuleID+" "+place+": "+p.Message)
	}
	return findings, nil
}

// openAPITypeScript generates types and compiles the programs with them. By default the tool makes each property with a
// default value required, also in requests; the flag turns that off.
func openAPITypeScript(ctx context.Context, r *Run) ([]string, error) {
	return r.compile(ctx, "openapi-typescript", "openapi-typescript", r.Contract, "-o", "openapi.ts", "--default-non-nullable=false")
}

// heyAPI generates a client and compiles the programs with its types.
func heyAPI(ctx context.Context, r *Run) ([]string, error) {
	return r.compile(ctx, "hey-api", "openapi-ts", "-i", r.Contract, "-o", "client", "-s", "--no-log-file")
}

var compileError = regexp.MustCompile(`(?m)^\S+\(\d+,\d+\): error .*|^error .*`)

// compile runs a generator and compiles the folder programs together with its output. A finding is an error of the
// generator or the compiler.
func (r *Run) compile(ctx context.Context, name, generator string, args ...string) ([]string, error) {
	dir, err := r.out(name)
	if err != nil {
		return nil, err
	}
	for from, to := range map[string]string{
		"create.ts": "create.ts", "read.ts": "read.ts", "tsconfig.json": "tsconfig.json", "contract." + name + ".ts": "contract.ts",
	} {
		text, err := os.ReadFile(filepath.Join(r.Folder, "programs", from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), text, 0o666)
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := command(ctx, dir, r.bin(generator), args...); err != nil {
		return finding(err), nil
	}
	text, err := command(ctx, dir, r.bin("tsc"), "--project", ".", "--pretty", "false")
	if err == nil {
		return nil, nil
	}
	findings := compileError.FindAllString(text, -1)
	if findings == nil {
		return nil, err
	}
	return findings, nil
}
