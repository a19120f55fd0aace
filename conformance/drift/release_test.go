package drift

import (
	"strings"
	"testing"
)

func TestCompareReleases(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		versions []string
		want     string
	}{
		"newest/same":       {[]string{"v2.9.0", "v2.15.0"}, "the pinned SDK, v2.15.0, is the newest release"},
		"newest/prerelease": {[]string{"v2.15.0", "v2.16.0-rc.1"}, "the pinned SDK, v2.15.0, is the newest release"},
		"newest/unknown":    {nil, "the pinned SDK, v2.15.0, is the newest release"},
		"newer/minor":       {[]string{"v2.15.0", "v2.16.0"}, "the SDK v2.16.0 is out, and v2.15.0 is pinned: make drift-pin VERSION=v2.16.0"},
		"newer/major":       {[]string{"v3.0.0"}, "the SDK v3.0.0 is out, and v2.15.0 is pinned: make drift-pin VERSION=v3.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := compareReleases("v2.15.0", listing{Versions: tt.versions}.newest()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWithoutDirect(t *testing.T) {
	t.Parallel()
	for proxies, want := range map[string]string{
		"https://a.example,direct": "https://a.example", "https://a.example|direct": "https://a.example", "direct": "off", "off": "off",
	} {
		if got := withoutDirect(proxies); got != want {
			t.Errorf("withoutDirect(%q) = %q, want %q", proxies, got, want)
		}
	}
}

// TestReleaseOffline uses a proxy that does not respond.
func TestReleaseOffline(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	got := Release(t.Context())
	if !strings.HasPrefix(got, "the pinned SDK is v") || !strings.Contains(got, "is unknown: ") {
		t.Errorf("got %q", got)
	}
}
