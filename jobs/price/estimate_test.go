package price_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

func request(model string, maxTokens int, rest string) string {
	return fmt.Sprintf(`{"custom_id":"a","params":{"model":%q,"max_tokens":%d,%s}}`, model, maxTokens, rest)
}

func estimate(t *testing.T, lines ...string) *price.Estimate {
	t.Helper()
	e := price.NewEstimator(price.Default(), price.Options{Day: day("2026-11-29")})
	if err := e.Lines(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	return e.Estimate()
}

// input returns the expected tokens of a prompt, without the overhead of the request.
func input(t *testing.T, model, content string) int64 {
	t.Helper()
	with := estimate(t, request(model, 10, `"messages":[{"role":"user","content":`+content+`}]`))
	without := estimate(t, request(model, 10, `"messages":[{"role":"user","content":""}]`))
	return with.Models[0].Input.Expected - without.Models[0].Input.Expected
}

const english = "The quick brown fox jumps over the lazy dog, and then it runs back to the forest where it lives with its family. "

func TestText(t *testing.T) {
	t.Parallel()
	prose := strings.Repeat(english, 100)
	for name, c := range map[string]struct {
		text      string
		low, high float64 // characters per token
	}{
		"english":   {prose, 3.2, 4},
		"json":      {strings.ReplaceAll(strings.Repeat(`{'name': 'x', 'values': [1, 2, 3]}, `, 100), "'", `\"`), 1.8, 3},
		"chinese":   {strings.Repeat("我们的模型可以处理很长的文本。", 100), 0.8, 1.2},
		"russian":   {strings.Repeat("Мы можем обработать длинный текст ", 100), 2, 3},
		"emoji":     {strings.Repeat("😀", 100), 0.3, 0.5},
		"indention": {strings.Repeat("x:"+strings.Repeat(" ", 40), 100), 10, 30},
	} {
		n := input(t, "claude-haiku-4-5", `"`+c.text+`"`)
		if per := float64(len([]rune(c.text))) / float64(n); per < c.low || per > c.high {
			t.Errorf("%s: %.2f characters per token", name, per)
		}
	}
	old, newer := input(t, "claude-haiku-4-5", `"`+prose+`"`), input(t, "claude-haiku-5-5", `"`+prose+`"`)
	if ratio := float64(newer) / float64(old); ratio < 1.34 || ratio > 1.36 {
		t.Errorf("the newer tokenizer has %.2f times as many tokens", ratio)
	}
	for _, c := range [][2]string{{"ab", `\u0061\u0062`}, {"é", `\u00e9`}, {"我", `\u6211`}, {"😀", `\ud83d\ude00`}, {"/", `\/`}} {
		if a, b := input(t, "claude-haiku-4-5", `"`+strings.Repeat(c[0], 100)+`"`), input(t, "claude-haiku-4-5", `"`+strings.Repeat(c[1], 100)+`"`); a != b {
			t.Errorf("%s has %d tokens, and %d with escapes", c[0], a, b)
		}
	}
}

func imageBlock(media string, data []byte) string {
	return fmt.Sprintf(`[{"source":{"data":%q,"media_type":%q,"type":"base64"},"type":"image"}]`, base64.StdEncoding.EncodeToString(data), media)
}

func encode(t *testing.T, kind string, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	picture := image.NewPaletted(image.Rect(0, 0, width, height), palette.WebSafe)
	switch kind {
	case "png":
		err = png.Encode(&b, picture)
	case "gif":
		err = gif.Encode(&b, picture, nil)
	case "jpeg":
		if err := jpeg.Encode(&b, picture, nil); err != nil {
			t.Fatal(err)
		}
		long := append([]byte{0xFF, 0xE1, 0x80, 0x00}, make([]byte, 0x7FFE)...) // metadata before the frame
		return append(append([]byte{0xFF, 0xD8}, long...), b.Bytes()[2:]...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImages compares with measurements of the real service: see the sources of the table.
func TestImages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		model, kind   string
		width, height int
		want          int64
	}{
		"older/256":          {"claude-haiku-4-5", "png", 256, 256, 100},
		"older/512":          {"claude-haiku-4-5", "gif", 512, 512, 361},
		"older/768":          {"claude-haiku-4-5", "jpeg", 768, 768, 784},
		"older/1024":         {"claude-haiku-4-5", "png", 1024, 1024, 1369},
		"older/1280x720":     {"claude-haiku-4-5", "jpeg", 1280, 720, 1196},
		"older/1920x1080":    {"claude-haiku-4-5", "png", 1920, 1080, 1560},
		"newer/1920x1080":    {"claude-opus-5-5", "png", 1920, 1080, 2691},
		"newer/1080x1920":    {"claude-opus-5-5", "gif", 1080, 1920, 2691},
		"newer/a line":       {"claude-opus-5-5", "png", 3000, 1, 92},
		"newer/webp, lossy":  {"claude-opus-5-5", "RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x00\x01\x00\x02", 0, 0, 190},
		"newer/webp, x":      {"claude-opus-5-5", "RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\x00\x00\xff\x01\x00", 0, 0, 190},
		"newer/webp, sharp":  {"claude-opus-5-5", "RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f\xff\xc0\x7f\x00\x00\x00\x00\x00\x00\x00\x00\x00", 0, 0, 190},
		"newer/not an image": {"claude-opus-5-5", "RIFF", 0, 0, 1500},
	} {
		data := []byte(c.kind)
		if c.width > 0 {
			data = encode(t, c.kind, c.width, c.height)
		}
		if got := input(t, c.model, imageBlock("image/png", data)); got != c.want {
			t.Errorf("%s: %d tokens, want %d", name, got, c.want)
		}
	}
	x := estimate(t, request("claude-opus-5-5", 1, `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/x"}}]}]`))
	if in := x.Models[0].Input; x.Unknown != 1 || in.Low > 100 || in.High < 4784 {
		t.Errorf("unknown image: %d, %v", x.Unknown, in)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	block := func(data string) string {
		return fmt.Sprintf(`[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":%q}}]`, base64.StdEncoding.EncodeToString([]byte(data)))
	}
	objects := "%PDF-1.4\n1 0 obj <</Type /Catalog>>\n2 0 obj <</Type /Pages /Kids []>>\n" + strings.Repeat("3 0 obj <</Type/Page /Parent 2 0 R>>\n", 3)
	for name, c := range map[string]struct {
		content string
		want    int64
	}{
		"pdf/objects":  {block(objects), 3 * (1568 + 700)},
		"pdf/count":    {block("%PDF-1.7 <</Type /Pages /Count 12 /Kids 3>>"), 12 * (1568 + 700)},
		"pdf/unknown":  {block("%PDF-1.7" + strings.Repeat("x", 99_990)), 2 * (1568 + 700)},
		"text":         {fmt.Sprintf(`[{"type":"document","source":{"type":"text","media_type":"text/plain","data":%q}}]`, english), input(t, "claude-haiku-4-5", `"`+english+`"`)},
		"content":      {fmt.Sprintf(`[{"type":"document","source":{"type":"content","content":[{"type":"text","text":%q}]}}]`, english), input(t, "claude-haiku-4-5", `"`+english+`"`)},
		"file":         {`[{"type":"document","source":{"type":"file","file_id":"file_1"}}]`, 5 * (1568 + 700)},
		"result":       {fmt.Sprintf(`[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":%q}]}]`, english), input(t, "claude-haiku-4-5", `"`+english+`"`)},
		"result/plain": {fmt.Sprintf(`[{"type":"tool_result","tool_use_id":"toolu_1","content":%q}]`, english), input(t, "claude-haiku-4-5", `"`+english+`"`)},
	} {
		if got := input(t, "claude-haiku-4-5", c.content); got != c.want {
			t.Errorf("%s: %d tokens, want %d", name, got, c.want)
		}
	}
}

// TestCache has two requests that share a system prompt: whatever the order of properties, the second can read what the
// first wrote.
func TestCache(t *testing.T) {
	t.Parallel()
	system := fmt.Sprintf(`"system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral","ttl":"1h"}}]`, strings.Repeat(english, 200))
	moved := fmt.Sprintf(`"system":[{"cache_control":{"type":"ephemeral","ttl":"1h"},"type":"text","text":%q}]`, strings.Repeat(english, 200))
	other := fmt.Sprintf(`"system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral","ttl":"1h"}}]`, "x"+strings.Repeat(english, 200))
	hello := `"messages":[{"role":"user","content":"Hello"}]`
	prefix := estimate(t, request("claude-haiku-4-5", 100, system+`,"messages":[]`)).Models[0].CacheWrite.Expected
	if prefix < 5000 || prefix > 8000 {
		t.Fatalf("the prefix has %d tokens", prefix)
	}
	for name, c := range map[string]struct {
		second string
		read   bool
	}{
		"read":         {request("claude-haiku-4-5", 100, system+","+hello), true},
		"read/order":   {request("claude-haiku-4-5", 100, hello+","+moved), true},
		"other/text":   {request("claude-haiku-4-5", 100, other+","+hello), false},
		"other/tools":  {request("claude-haiku-4-5", 100, `"tools":[{"name":"x","input_schema":{"type":"object"}}],`+system+","+hello), false},
		"other/model":  {request("claude-opus-4-5", 100, system+","+hello), false},
		"not cached":   {request("claude-haiku-4-5", 100, strings.Replace(system, `,"cache_control":{"type":"ephemeral","ttl":"1h"}`, "", 1)+","+hello), false},
		"not cached/0": {request("claude-haiku-4-5", 100, strings.Replace(system, `{"type":"ephemeral","ttl":"1h"}`, "null", 1)+","+hello), false},
	} {
		x := estimate(t, request("claude-haiku-4-5", 100, system+","+hello), c.second)
		all := x.Low.Tokens()
		if got := all.CacheRead > 0; got != c.read {
			t.Errorf("%s: at best %+v", name, all)
		}
		if at := x.High.Tokens(); at.CacheRead != 0 || at.CacheWrite1h == 0 || at.CacheWrite5m != 0 {
			t.Errorf("%s: at worst %+v", name, at)
		}
	}
	if short := estimate(t, request("claude-haiku-4-5", 1, `"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":"Hello"}]`)); short.High.Tokens().CacheWrite5m != 0 {
		t.Error("a prefix below the minimum is cached")
	}
	long := estimate(t, request("claude-haiku-4-5", 1, fmt.Sprintf(`"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":%q}]`, strings.Repeat(english, 200))))
	if long.High.Tokens().CacheWrite5m == 0 {
		t.Error("automatic caching is not detected")
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	x := estimate(t,
		request("claude-haiku-4-5", 1000, `"messages":[{"role":"user","content":"Hello"}]`),
		"",
		request("claude-haiku-4-5", 1000, `"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}],"messages":[{"role":"user","content":"Hello"}]`),
		request("claude-nobody-1", 10, `"messages":[{"role":"user","content":"Hello"}]`),
	)
	if diff := cmp.Diff([]string{"claude-nobody-1"}, x.Unpriced); diff != "" {
		t.Error(diff)
	}
	if x.Requests != 3 || len(x.Models) != 2 || !x.Models[0].Priced || x.Models[1].Priced || x.Models[1].Cost != (price.Costs{}) {
		t.Errorf("%+v", x)
	}
	if out := x.Models[0].Output; out != (price.Range{Low: 40, Expected: 500, High: 2000}) {
		t.Errorf("output %v", out)
	}
	if searches := x.Cost.High - x.Models[0].Cost.High; searches.String() != "0.05" {
		t.Errorf("5 searches cost %v", searches)
	}
	text := x.String()
	for _, part := range []string{"claude-haiku-4-5: 2 requests, ", "claude-nobody-1: 1 requests", "at an unknown price", "total: 3 requests", "prices of 2026-11-29", "plus the unknown price of claude-nobody-1"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s\nlacks %q", text, part)
		}
	}
	usual := price.NewEstimator(price.Default(), price.Options{OutputShare: 0.01, HitRate: 0.5})
	if err := usual.Line([]byte(request("claude-haiku-4-5", 150, `"messages":[]`))); err != nil {
		t.Fatal(err)
	}
	if out := usual.Estimate().Models[0].Output; out.Expected != 2 {
		t.Errorf("1 %% of 150 tokens: %v", out)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := request("claude-haiku-4-5", 10, `"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}]`)
	for name, line := range map[string]string{
		"text":      `hello`,
		"array":     `[]`,
		"no params": `{"custom_id":"a"}`,
		"params":    `{"params":"x"}`,
		"messages":  request("claude-haiku-4-5", 10, `"messages":"x"`),
		"cut":       good[:len(good)-8],
		"cut/text":  good[:len(good)-12],
	} {
		e := price.NewEstimator(price.Default(), price.Options{})
		err := e.Lines(strings.NewReader(good + "\n\n" + line + "\n" + good))
		var wrong *price.LineError
		if !errors.As(err, &wrong) || wrong.Number != 3 {
			t.Errorf("%s: %v", name, err)
		}
		if n := e.Estimate().Requests; n != 2 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

// TestRanges checks that Low <= Expected <= High in estimates of random requests.
func TestRanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	e := price.NewEstimator(price.Default(), price.Options{Day: day("2026-11-29")})
	for range 500 {
		model := []string{"claude-haiku-5-5", "claude-haiku-4-5", "claude-opus-5"}[random.IntN(3)]
		text := strings.Repeat(english, random.IntN(3)*random.IntN(3000))
		line := request(model, 1+random.IntN(5000), fmt.Sprintf(`"system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":%q}]`, text, english))
		if err := e.Line([]byte(line)); err != nil {
			t.Fatal(err)
		}
		x := e.Estimate()
		if x.Cost.Low > x.Cost.Expected || x.Cost.Expected > x.Cost.High {
			t.Fatalf("%+v", x.Cost)
		}
		for _, m := range x.Models {
			if m.Input.Low > m.Input.Expected || m.Input.Expected > m.Input.High || m.Output.Low > m.Output.Expected || m.Output.Expected > m.Output.High {
				t.Fatalf("%+v", m)
			}
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add(request("claude-haiku-4-5", 10, `"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}]`))
	f.Add(request(string(client.ModelClaudeOpus55), 10, `"tools":[{"max_uses":1}],"system":"x\u00e9","messages":[{"content":[{"source":{"data":"iVBORw0KGgo=","type":"base64"},"type":"image"}]}]`))
	f.Fuzz(func(_ *testing.T, line string) {
		e := price.NewEstimator(price.Default(), price.Options{})
		_ = e.Line([]byte(line)) // it must return
		e.Estimate()
	})
}

func BenchmarkLine(b *testing.B) {
	line := []byte(request("claude-haiku-4-5", 1000, fmt.Sprintf(`"messages":[{"role":"user","content":%q}]`, strings.Repeat(english, 8))))
	e := price.NewEstimator(price.Default(), price.Options{})
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Line(line); err != nil {
			b.Fatal(err)
		}
	}
}
