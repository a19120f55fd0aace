package view

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestGuard sends requests as browsers do for pages of this and of other origins.
func TestGuard(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 3))
	here := strings.TrimPrefix(s.origin, "http://")
	port := here[strings.LastIndex(here, ":"):]
	for name, tt := range map[string]struct {
		method, path, host, origin string
		site, mode                 string // Sec-Fetch-Site and -Mode
		cookie                     string
		want                       int
	}{
		"page":                {path: "/", want: 200},
		"script":              {path: "/app.js", want: 200},
		"call":                {path: "/api/info", origin: s.origin, site: "same-origin", want: 200},
		"localhost":           {path: "/api/info", host: "localhost" + port, want: 200},
		"other loopback":      {path: "/api/info", host: "127.0.0.2" + port, want: 200},
		"IPv6":                {path: "/api/info", host: "[::1]" + port, want: 200},
		"refresh":             {method: "POST", path: "/api/refresh", origin: s.origin, want: 200},
		"link from elsewhere": {path: "/", site: "cross-site", mode: "navigate", want: 200},

		"no token":            {path: "/api/info", cookie: "none", want: 401},
		"no token/page":       {path: "/", cookie: "none", want: 401},
		"no token/script":     {path: "/app.js", cookie: "none", want: 401},
		"wrong token":         {path: "/api/info", cookie: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", want: 401},
		"wrong token in URL":  {path: "/?token=ABCDEFGHIJKLMNOPQRSTUVWXYZ", cookie: "none", want: 401},
		"empty token in URL":  {path: "/?token=", cookie: "none", want: 401},
		"rebound":             {path: "/api/info", host: "evil.example" + port, want: 403},
		"rebound/subdomain":   {path: "/api/info", host: "localhost.evil.example" + port, want: 403},
		"rebound/dot":         {path: "/api/info", host: "127.0.0.1.evil.example" + port, want: 403},
		"other port":          {path: "/api/info", host: "127.0.0.1:1", want: 403},
		"no port":             {path: "/api/info", host: "127.0.0.1", want: 403},
		"other origin":        {path: "/api/info", origin: "http://evil.example", want: 403},
		"other origin/port":   {path: "/api/info", origin: "http://127.0.0.1:1", want: 403},
		"other origin/scheme": {path: "/api/info", origin: "https://" + here, want: 403},
		"other origin/null":   {path: "/api/info", origin: "null", want: 403},
		"other site":          {path: "/api/info", site: "cross-site", mode: "no-cors", want: 403},
		"other site/same":     {path: "/api/info", site: "same-site", mode: "cors", want: 403},
		"other site/navigate": {path: "/api/export", site: "cross-site", mode: "navigate", want: 403},
		"other site/refresh":  {method: "POST", path: "/api/refresh", origin: "http://evil.example", want: 403},
		"write":               {method: "POST", path: "/api/info", want: 405},
		"write/put":           {method: "PUT", path: "/", want: 405},
		"write/delete":        {method: "DELETE", path: "/api/row", want: 405},
		"nothing there":       {path: "/api/nothing", want: 404},
		"above":               {path: "/../guard.go", want: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
			if tt.method != "" {
				r.Method = tt.method
			}
			u, err := url.Parse(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			r.URL, r.Host = u, here
			if tt.host != "" {
				r.Host = tt.host
			}
			for header, value := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site, "Sec-Fetch-Mode": tt.mode} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			switch tt.cookie {
			case "none":
			case "":
				r.AddCookie(&http.Cookie{Name: s.guard.cookie(), Value: s.guard.token})
			default:
				r.AddCookie(&http.Cookie{Name: s.guard.cookie(), Value: tt.cookie})
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if got := w.Code; got != tt.want && !(tt.path == "/../guard.go" && got >= 300) {
				t.Errorf("status %d, want %d: %s", got, tt.want, w.Body)
			}
			if w.Code == http.StatusOK {
				checkHeaders(t, w.Header())
			} else if strings.Contains(w.Body.String(), "question-") || strings.Contains(w.Body.String(), s.guard.token) {
				t.Errorf("a refusal says %s", w.Body)
			}
		})
	}
}

func checkHeaders(t *testing.T, h http.Header) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "base-uri 'none'",
		"form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy does not contain %s", want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy is %s", policy)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestToken exchanges the token for a cookie that scripts cannot read and other sites cannot send.
func TestToken(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 1))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(s.enter)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	cookies := response.Cookies()
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("status %d to %s, with %d cookies", response.StatusCode, response.Header.Get("Location"), len(cookies))
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" || c.Value != s.guard.token {
		t.Errorf("the cookie is %v", c)
	}
	if other := serve(t, makeFiles(t, 1)); other.guard.token == s.guard.token || len(other.guard.token) < 26 {
		t.Errorf("the tokens are %s and %s", s.guard.token, other.guard.token)
	}
}

// TestServe listens as the command does.
func TestServe(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"127.0.0.1:0": `^http://127\.0\.0\.1:\d+/\?token=[A-Z2-7]{26}$`, "localhost:0": `^http://(127\.0\.0\.1|\[::1\]):\d+/\?token=[A-Z2-7]{26}$`} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		host, _, _ := strings.Cut(address, ":")
		err = NewServer(openFiles(t, makeFiles(t, 1))).Serve(ctx, l, host, func(u string) error {
			if !regexp.MustCompile(want).MatchString(u) {
				t.Errorf("the URL is %s", u)
			}
			response, err := http.Get(strings.Split(u, "?")[0])
			if err != nil {
				return err
			}
			response.Body.Close()
			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("without a token the status is %d", response.StatusCode)
			}
			cancel()
			return nil
		})
		cancel()
		if err != nil {
			t.Error(err)
		}
	}
}

// TestAssets checks that the page's own files never parse a string as HTML or script, and refer to nothing elsewhere.
func TestAssets(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML|\beval\b|new Function|srcdoc|style=|<script>|<style|@import|url\(|\son[a-z]+=`)
	elsewhere := regexp.MustCompile(`https?://[a-z]`)
	size := int64(0)
	err := fs.WalkDir(assets, "assets", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := assets.ReadFile(path)
		if err != nil {
			return err
		}
		size += int64(len(b))
		if found := forbidden.FindString(string(b)); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		for _, found := range elsewhere.FindAllString(strings.ReplaceAll(string(b), `xmlns="http://www.w3.org/2000/svg"`, ""), -1) {
			t.Errorf("%s refers to %q", path, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the page has %d bytes", size)
	if size < 10_000 || size > 100_000 {
		t.Errorf("the page has %d bytes", size)
	}
}
