package client

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const key = `sk-ant-a/b&c<d>"\é😀`
	x := secrets{}.with(key, "12345678", "short")
	for name, tt := range map[string]struct{ in, want string }{
		"literal/alone":           {key, "[redacted]"},
		"literal/twice":           {"a" + key + key + "b", "a[redacted][redacted]b"},
		"literal/second":          {"12345678 and " + key, "[redacted] and [redacted]"},
		"literal/short":           {"short", "short"},
		"cut/before <":            {"sk-ant-a/b&c<d", "[redacted]"},
		"literal/other continues": {"sk-ant-a/b&c<x", "sk-ant-a/b&c<x"},
		"literal/false start":     {"sk-ant-sk-ant-" + key, "sk-ant-sk-ant-[redacted]"},
		"escaped/solidus":         {`"sk-ant-a\/b&c<d>\"\\é😀"`, `"[redacted]"`},
		"escaped/html":            {`"sk-ant-a/b\u0026c\u003cd\u003E\"\\é😀"`, `"[redacted]"`},
		"escaped/all":             {`\u0073\u006b-ant-a/b&c<d>\u0022\u005c\u00e9\ud83d\ude00!`, `[redacted]!`},
		"escaped/twice":           {`{\"key\":\"\\u0073k-ant-a\\/b\\\u0026c<d>\\\"\\\\é😀\"}`, `{\"key\":\"[redacted]\"}`},
		"escaped/nothing":         {`a\`, `a\`},
		"escaped/other":           {`\u0073\u006b-ant-x\u00`, `\u0073\u006b-ant-x\u00`},
		"cut/literal":             {"x sk-ant-a", "x [redacted]"},
		"cut/too little":          {"x sk-ant-", "x sk-ant-"},
		"cut/in an escape":        {`x sk-ant-a\u00`, "x [redacted]"},
		"cut/behind a backslash":  {`x sk-ant-a\`, "x [redacted]"},
		"cut/not at the end":      {"x sk-ant-a.", "x sk-ant-a."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := x.redact(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSecretsOfARequest(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte("user:password"))
	h := http.Header{
		"X-Api-Key": {"the-api-key"}, "Authorization": {"Bearer the-token"}, "Proxy-Authorization": {"Basic " + basic},
		"X-Own": {"the-first-value", "2nd", "the-third-value"}, "Anthropic-Version": {"2023-06-01"}, "User-Agent": {"messagebatches"},
	}
	x := secretsOf(h).with(secretsOfProxy(&url.URL{User: url.UserPassword("me", "proxy-password")})...)
	for _, want := range []string{"the-api-key", "Bearer the-token", "the-token", basic, "user:password", "password", "the-first-value", "the-third-value", "proxy-password", "me:proxy-password"} {
		if !slices.Contains(x, want) {
			t.Errorf("%s is not a secret", want)
		}
	}
	if x.in("2nd 2023-06-01 messagebatches Bearer") {
		t.Error("there are too many secrets")
	}
	if !slices.IsSortedFunc(x, func(a, b string) int { return len(b) - len(a) }) {
		t.Error("redacting a secret within a longer one leaves the rest of the longer one")
	}
}

// FuzzRedact writes a secret in any mixture of its forms in JSON: the redacted text, decoded, does not contain it.
func FuzzRedact(f *testing.F) {
	f.Add("sk-ant-api03-/x", "bad key: ", uint64(0b1011))
	f.Add("aaaaaaaaab", "aaaaa", ^uint64(0))
	f.Add(`\\\\\\\\"`, `\`, uint64(5))
	f.Add("ééé😀😀", "\x00", uint64(1))
	f.Fuzz(func(t *testing.T, secret, before string, how uint64) {
		x := secrets{}.with(secret)
		if len(x) == 0 || strings.ToValidUTF8(secret, "") != secret {
			return
		}
		quoted, err := jsontext.AppendQuote(nil, before)
		if err != nil {
			return
		}
		quoted = quoted[:len(quoted)-1]
		for i, r := range secret {
			switch plain, _ := jsontext.AppendQuote(nil, string(r)); {
			case how>>(i%64)&1 == 0:
				quoted = append(quoted, plain[1:len(plain)-1]...)
			case r > 0xffff:
				r -= 0x10000
				quoted = fmt.Appendf(quoted, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			default:
				quoted = fmt.Appendf(quoted, `\u%04x`, r)
			}
		}
		quoted = append(quoted, '"')
		redacted := x.redact(string(quoted))
		decoded, err := jsontext.AppendUnquote(nil, redacted)
		if err == nil && strings.Contains(string(decoded), secret) && !strings.Contains("[redacted]", secret) {
			t.Fatalf("%s becomes %s", quoted, redacted)
		}
		if again := x.redact(strings.Repeat("x", 100) + secret); strings.Contains(again, secret) && !strings.Contains("[redacted]", secret) {
			t.Fatalf("got %s", again)
		}
	})
}
