package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Release returns a line with the pinned version of the SDK, and whether there is a newer one.
func Release(ctx context.Context) string {
	own, err := list(ctx, sdkPath)
	if err != nil {
		return fmt.Sprintf("the pinned SDK is %s; whether there is a newer release is unknown: %v", pinned(ctx), err)
	}
	newest := own.newest()
	// A new major version is another module. It is looked up only in proxies, because its repository responds slowly.
	if m := majorVersion.FindStringSubmatch(sdkPath); m != nil {
		n, _ := strconv.Atoi(m[2])
		if next, err := list(ctx, m[1]+strconv.Itoa(n+1)); err == nil && next.newest() != "" {
			newest = next.newest()
		}
	}
	return compareReleases(own.Version, newest)
}

func compareReleases(pinned, newest string) string {
	if semver.Compare(newest, pinned) > 0 {
		return fmt.Sprintf("the SDK %s is out, and %s is pinned: make drift-pin VERSION=%[1]s", newest, pinned)
	}
	return fmt.Sprintf("the pinned SDK, %s, is the newest release", pinned)
}

var majorVersion = regexp.MustCompile(`^(.*/v)(\d+)$`)

// A listing is the output of go list for a module.
type listing struct {
	Version  string
	Versions []string
}

// newest returns the newest version that is not a prerelease, or "" if there is none.
func (l listing) newest() (newest string) {
	for _, v := range l.Versions {
		if semver.Prerelease(v) == "" && semver.Compare(v, newest) > 0 {
			newest = v
		}
	}
	return newest
}

// list asks the module proxies for the versions of a module.
func list(ctx context.Context, path string) (l listing, err error) {
	proxies, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return l, err
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-versions", "-json", path)
	cmd.Env = append(os.Environ(), "GOPROXY="+withoutDirect(strings.TrimSpace(string(proxies))))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return l, fmt.Errorf("%s", strings.TrimSpace(stderr.String()))
	}
	return l, json.Unmarshal(text, &l)
}

// withoutDirect removes the entry "direct", which means the repositories themselves, from a list of proxies.
func withoutDirect(proxies string) string {
	for _, end := range []string{",direct", "|direct", "direct"} {
		proxies = strings.TrimSuffix(proxies, end)
	}
	if proxies == "" {
		return "off"
	}
	return proxies
}

// pinned returns the version in go.mod.
func pinned(ctx context.Context) string {
	version, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", sdkPath).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(version))
}
