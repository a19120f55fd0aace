package view

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-111a911e/messagebatches/cmd/internal/browsertest"
)

// visit opens the page of a site, and waits until it is loaded.
func visit(t *testing.T, b *browsertest.Browser, s site, screen browsertest.Screen) *browsertest.Tab {
	t.Helper()
	tab := b.Open(t, s.enter, screen)
	tab.Wait(`document.body.classList.contains("ready") && ` + still)
	return tab
}

// still is true when nothing is loading.
const still = `document.body.dataset.busy === "0"`

// TestPictures writes screenshots of the page to the directory VIEW_PICTURES.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("VIEW_PICTURES")
	if dir == "" {
		t.Skip("VIEW_PICTURES does not name a directory for screenshots")
	}
	b := browsertest.Start(t)
	s, alone := serve(t, makeFiles(t, 500)), makeFiles(t, 500)
	alone.Other = ""
	pair := serve(t, alone)
	for name, screen := range map[string]browsertest.Screen{
		"light": {Width: 1440, Height: 900}, "dark": {Width: 1440, Height: 900, Dark: true}, "phone": {Width: 390, Height: 844, Phone: true}, "phone-dark": {Width: 390, Height: 844, Phone: true, Dark: true},
	} {
		shot := func(tab *browsertest.Tab, what string) { tab.Picture(filepath.Join(dir, name+"-"+what+".png")) }
		tab := visit(t, b, pair, screen)
		shot(tab, "1-list")
		tab.Keys("j")
		tab.Wait(still)
		if screen.Phone {
			tab.Keys("\r")
			tab.Wait(still)
		}
		shot(tab, "2-pair")
		tab = visit(t, b, s, screen)
		tab.Keys("jjj")
		tab.Wait(still)
		if screen.Phone {
			tab.Keys("\r")
			tab.Wait(still)
		}
		shot(tab, "3-compare")
		tab.Keys("x")
		tab.Wait(still)
		shot(tab, "7-differences")
		tab = visit(t, b, s, screen)
		tab.Keys("f")
		tab.Wait(still)
		shot(tab, "4-filters")
		tab = visit(t, b, s, screen)
		tab.Keys("/scheldt\r")
		tab.Wait(still)
		tab.Keys("jj")
		tab.Wait(still)
		shot(tab, "5-search")
		tab.Keys("?")
		shot(tab, "6-help")
	}
}

// says returns the text that an element shows.
func says(tab *browsertest.Tab, selector string) string {
	return browsertest.Eval[string](tab, fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector))
}

// shownIDs returns the custom IDs of the list.
func shownIDs(tab *browsertest.Tab) []string {
	return browsertest.Eval[[]string](tab, `[...document.querySelectorAll("#rows .id")].map((e) => e.textContent)`)
}

// TestBrowserKeyboard uses the page without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, makeFiles(t, 250))
	tab := visit(t, b, s, browsertest.Screen{})
	chosen := func() string { return says(tab, "[aria-selected=true] .id") }
	detail := func() string { return says(tab, "#detail h2") }
	for _, step := range []struct{ keys, want string }{
		{"j", "question-0001"}, {"jjj", "question-0004"}, {"k", "question-0003"}, {"kkkkk", "question-0000"},
		{"]", "question-0100"}, {"k", "question-0099"}, {"j", "question-0100"}, {"[", "question-0000"},
		{"G", "broken"}, {"^", "question-0000"}, {kb.End, "broken"}, {kb.Home, "question-0000"}, {kb.ArrowDown, "question-0001"}, {kb.ArrowUp, "question-0000"},
		{"gquestion-0123\r", "question-0123"}, {"j", "question-0124"},
	} {
		for _, key := range step.keys { // each after the previous one is done
			tab.Keys(string(key))
			tab.Wait(still)
		}
		if got := chosen(); got != step.want || detail() != got {
			t.Fatalf("after %q %q is selected and %q shown, want %q", step.keys, got, detail(), step.want)
		}
	}
	before := browsertest.Eval[string](tab, `location.hash`)
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".skip").click()`))
	if got := browsertest.Eval[string](tab, `location.hash + document.activeElement.id`); got != before+"rows" {
		t.Errorf("the skip link goes to %s", got)
	}
	tab.Keys("?")
	if !strings.Contains(says(tab, "dialog[open]"), "go to a custom ID") {
		t.Error("? does not show the help")
	}
	tab.Keys(kb.Escape)
	tab.Wait(`!document.querySelector("dialog").open`)
	tab.Keys("f")
	if !browsertest.Eval[bool](tab, `document.activeElement.matches("#filters input")`) {
		t.Error("f does not go to the filters")
	}
	tab.Keys(" ")
	tab.Wait(still)
	if ids := shownIDs(tab); len(ids) != 100 || strings.Contains(strings.Join(ids, " "), "question-0011") || !strings.Contains(says(tab, "#sum"), "226 results") {
		t.Errorf("the first filter leaves %d of %s", len(ids), says(tab, "#sum"))
	}
	tab.Keys(kb.Escape + "c")
	tab.Wait(still)
	if !strings.Contains(says(tab, "#sum"), "251 results") {
		t.Errorf("after c there are %s", says(tab, "#sum"))
	}
	tab.Keys("gnobody\r")
	tab.Wait(still)
	if !strings.Contains(says(tab, "#notice"), "no result has this custom id") {
		t.Errorf("unknown ID: %q", says(tab, "#notice"))
	}
	if problems := tab.Problems(); len(problems) != 1 || !strings.Contains(problems[0], "404") {
		t.Errorf("the page reports %q", problems)
	}
	tab.Clean(s.origin)
}

// TestBrowserSearch searches, checks the marked hits, and clears the search.
func TestBrowserSearch(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, makeFiles(t, 250))
	tab := visit(t, b, s, browsertest.Screen{})
	tab.Keys("/rivers OF question 78\r")
	tab.Wait(still)
	if ids := shownIDs(tab); !slices.Equal(ids, []string{"question-0078"}) {
		t.Errorf("found %v", ids)
	}
	tab.Keys("/" + kb.Escape)
	tab.Wait(still)
	if n := len(shownIDs(tab)); n != 100 {
		t.Errorf("after Escape there are %d", n)
	}
	tab.Keys("/rivers\r")
	tab.Wait(still)
	if n := len(shownIDs(tab)); n != mostHits || !strings.Contains(says(tab, "#sum"), "so far") {
		t.Errorf("%d found, %s", n, says(tab, "#sum"))
	}
	tab.Do(chromedp.Click(chromedp.CSS("#sum button")))
	tab.Wait(still)
	if n := len(shownIDs(tab)); n != 226 {
		t.Errorf("%d found in total", n)
	}
	tab.Keys("j")
	tab.Wait(still)
	if got := says(tab, "#rows [role=option]:first-child mark") + says(tab, "#detail .response .block.text mark"); got != "RiversRivers" {
		t.Errorf("the marked text is %q", got)
	}
	href := browsertest.Eval[string](tab, `document.querySelector("#sum a[download]").getAttribute("href")`)
	if !strings.Contains(href, "q=rivers") {
		t.Errorf("the export is of %s", href)
	}
	tab.Clean(s.origin)
}

// TestBrowserCompare shows differences side by side.
func TestBrowserCompare(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, makeFiles(t, 60))
	tab := visit(t, b, s, browsertest.Screen{Width: 1440, Height: 900})
	tab.Do(chromedp.Click(chromedp.CSS("#toggle")), chromedp.SetValue(chromedp.CSS("[name=differ]"), "answer"))
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=differ]").dispatchEvent(new Event("change", {bubbles: true}))`))
	tab.Wait(still)
	ids := shownIDs(tab)
	if !slices.Equal(ids[:4], []string{"question-0000", "question-0003", "question-0006", "question-0009"}) {
		t.Errorf("different texts are those of %v", ids)
	}
	tab.Do(chromedp.Click(chromedp.CSS("#row-1")))
	tab.Wait(still)
	if a, b := says(tab, "#detail .response"), says(tab, "#detail .second"); strings.Contains(a, "Rhine") || !strings.Contains(b, "Rhine") || !strings.Contains(b, "claude-haiku-4-5") || !strings.Contains(says(tab, "#detail .prompt"), "Question 3") {
		t.Errorf("side by side are %q and %q", a, b)
	}
	tab.Keys("x")
	tab.Wait(still)
	if del, ins := says(tab, "#detail .response del"), says(tab, "#detail .second ins"); strings.TrimSpace(del) != "" || strings.TrimSpace(ins) != "The Rhine is longer." {
		t.Errorf("the differences are %q and %q", del, ins)
	}
	tab.Accessible("differences")
	left := browsertest.Eval[bool](tab, `(() => { const [a, b] = ["response", "second"].map((c) => document.querySelector("#detail ." + c).getBoundingClientRect()); return a.right <= b.left && a.top === b.top; })()`)
	if !left {
		t.Error("they are not side by side")
	}
	tab.Clean(s.origin)
}

// TestBrowserReload checks that the URL keeps filter, search and result, but not the token.
func TestBrowserReload(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, makeFiles(t, 60))
	tab := visit(t, b, s, browsertest.Screen{})
	tab.Keys("/at least one\r")
	tab.Wait(still)
	tab.Keys("j")
	tab.Wait(still)
	before, address := says(tab, "#rows")+says(tab, "#detail h2"), browsertest.Eval[string](tab, `location.href`)
	if strings.Contains(address, s.guard.token) || browsertest.Eval[string](tab, `document.cookie`) != "" {
		t.Errorf("the token is at %s, or where scripts can read it", address)
	}
	tab.Do(chromedp.Reload())
	tab.Wait(`document.body.classList.contains("ready") && ` + still)
	if after := says(tab, "#rows") + says(tab, "#detail h2"); after != before {
		t.Errorf("before %q, after %q", before, after)
	}
	tab.Clean(s.origin)
}

// TestBrowserAccessible checks the page in all its forms with axe-core.
func TestBrowserAccessible(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, makeFiles(t, 150))
	for name, screen := range browsertest.Screens() {
		tab := visit(t, b, s, screen)
		tab.Accessible(name + ", list")
		tab.Keys("jj\r")
		tab.Wait(still)
		tab.Accessible(name + ", result")
		tab.Keys(kb.Escape + "f")
		tab.Wait(still)
		tab.Accessible(name + ", filters")
		tab.Keys(kb.Escape + "/rivers\r")
		tab.Wait(still)
		tab.Accessible(name + ", search")
		tab.Keys("?")
		tab.Accessible(name + ", help")
		tab.Fits(name)
		tab.Clean(s.origin)
	}
}

// hostile lists texts that must stay texts.
var hostile = []string{
	`<script>window.hit = "script"</script>`,
	`<img src=x onerror="window.hit = 'img'">`,
	`<img src="http://127.0.0.1:1/pixel.png"> ![pixel](http://127.0.0.1:1/pixel.png)`,
	`<svg onload="window.hit='svg'"></svg><iframe srcdoc="<script>parent.hit='frame'</script>"></iframe>`,
	"[click](javascript:window.hit='link') [click](JaVaScRiPt:window.hit='link') [click](java\tscript:alert(1)) [click]( data:text/html,<script>opener.hit='data'</script>)",
	"[click](vbscript:x) [click](file:///etc/passwd) [click](//127.0.0.1:1/) <javascript:alert(1)> <a href=\"javascript:window.hit='a'\">x</a>",
	"[x](https://example.com/\"onmouseover=\"window.hit='attribute') https://example.com/\"><script>window.hit='auto'</script>",
	"```html\n</code></pre><script>window.hit='code'</script>\n```\n`</code><script>window.hit='inline'</script>`",
	"| <script>window.hit='table'</script> | b |\n|---|---|\n| <img src=x onerror=window.hit='cell'> | c |",
	"user\u202etxt.exe\u202c \u2066isolate\u2069 zero\u200bwidth \u0007bell \u001b[31mred \u0000null \ufeffmark",
	"</title></style></textarea></script><!--<script>window.hit='closing'</script>",
	"{{constructor.constructor('window.hit=1')()}} ${window.hit='template'} <%= hit %>",
	strings.Repeat("[", 5000) + strings.Repeat("*", 5000) + strings.Repeat("`", 5000) + strings.Repeat("> ", 3000) + strings.Repeat("_a_", 3000),
	strings.Repeat("- ", 2000) + "deep\n" + strings.Repeat("|", 5000) + "\n" + strings.Repeat("|-", 5000),
	"<base href=http://127.0.0.1:1/><meta http-equiv=refresh content='0;url=http://127.0.0.1:1/'><link rel=stylesheet href=http://127.0.0.1:1/x.css><style>*{display:none}</style>",
}

// TestBrowserHostile puts hostile texts wherever a text can be, and shows each: nothing runs, nothing is loaded, and every
// text is visible.
func TestBrowserHostile(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	var results, requests strings.Builder
	for i, text := range hostile {
		id := fmt.Sprintf("h-%d %s", i, text[:min(len(text), 300)])
		m := object{"id": text, "type": "message", "role": "assistant", "model": text, "stop_reason": text[:min(len(text), 60)], "content": []object{
			{"type": "text", "text": text, "citations": []object{{"type": "web_search_result_location", "cited_text": text, "title": text, "url": text, "encrypted_index": ""}}},
			{"type": "thinking", "thinking": text, "signature": ""},
			{"type": "tool_use", "id": text, "name": text, "input": object{text: text}},
			{"type": text, "new": text},
		}, "usage": object{"input_tokens": 10, "output_tokens": 20}}
		results.WriteString(line(object{"custom_id": id, "result": object{"type": "succeeded", "message": m}}))
		results.WriteString(line(object{"custom_id": fmt.Sprint("e-", i), "result": object{"type": "errored", "error": object{"type": "error", "request_id": text, "error": object{"type": text, "message": text}}}}))
		results.WriteString(line(object{"custom_id": fmt.Sprint("u-", i), "result": object{"type": text}}))
		results.WriteString("{" + strings.ReplaceAll(text, "\n", " ") + "\n")
		requests.WriteString(line(object{"custom_id": id, "params": object{"model": text, "max_tokens": 1, "system": text, "metadata": object{"user_id": text}, "messages": []object{
			{"role": "user", "content": []object{
				{"type": "text", "text": text},
				{"type": "document", "title": text, "source": object{"type": "text", "media_type": "text/plain", "data": text}},
				{"type": "image", "source": object{"type": "url", "url": "http://127.0.0.1:1/image.png"}},
				{"type": "image", "source": object{"type": "base64", "media_type": "image/svg+xml", "data": "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="}},
				{"type": "image", "source": object{"type": "base64", "media_type": "image/png", "data": pixels() + text}},
				{"type": "tool_result", "tool_use_id": "x", "content": text, "is_error": true},
			}}, {"role": text, "content": text}}}}))
	}
	p := Paths{Results: makeFile(t, "<img src=x onerror=hit=1>.jsonl", results.String()), Requests: makeFile(t, "q", requests.String()), Other: makeFile(t, "o", results.String())}
	s := serve(t, p)
	tab := visit(t, b, s, browsertest.Screen{})
	tab.Keys("tf" + kb.Escape)
	seen := make(map[string]bool)
	for range 4*len(hostile) + 1 {
		tab.Wait(still)
		seen[browsertest.Eval[string](tab, `location.hash`)] = true
		bad := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("body *")].flatMap((e) => {
			const own = ["DIV", "SPAN", "P", "SECTION", "BDI", "A", "PRE", "CODE", "B", "H1", "H2", "H3", "H4", "UL", "OL", "LI", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "STRONG", "EM", "S", "HR", "BLOCKQUOTE", "DETAILS", "SUMMARY",
				"DL", "DT", "DD", "CITE", "Q", "MARK", "HEADER", "MAIN", "NAV", "FORM", "FIELDSET", "LEGEND", "LABEL", "INPUT", "SELECT", "OPTION", "BUTTON", "DIALOG", "NOSCRIPT", "IMG", "KBD"];
			const bad = [];
			if (!own.includes(e.tagName)) bad.push("element " + e.tagName);
			for (const a of e.attributes) {
				if (a.name.startsWith("on") || a.name === "style" || a.name === "srcdoc") bad.push("attribute " + a.name);
				if (a.name === "src" && !a.value.startsWith("data:image/png;base64,")) bad.push("src " + a.value);
				if (a.name === "href" && !/^(https?:|mailto:|\/api\/|#list)/.test(a.value)) bad.push("href " + a.value);
			}
			return bad;
		})`)
		if len(bad) > 0 || browsertest.Eval[bool](tab, `"hit" in window`) {
			t.Fatalf("%.200q: %q, or a script ran", says(tab, "#detail h2"), bad)
		}
		tab.Keys("j")
	}
	if len(seen) != 4*len(hostile) {
		t.Errorf("%d results were shown", len(seen))
	}
	for i, text := range hostile[:9] {
		tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.hash = "row=%d"`, 4*i)))
		tab.Wait(still + fmt.Sprintf(` && document.querySelector("#detail h2")?.textContent.startsWith("h-%d ")`, i))
		tab.Keys("m") // plain text
		tab.Wait(still)
		if got := browsertest.Eval[string](tab, `document.querySelector("#detail .response pre.plain").textContent`); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
		tab.Keys("m")
		tab.Wait(still)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`location.hash = "row=36"`))
	tab.Wait(still + ` && document.querySelector("#detail h2")?.textContent.startsWith("h-9 ")`)
	if got := says(tab, "#detail .response .markdown"); !strings.Contains(got, "U+202E") || !strings.Contains(got, "U+200B") || !strings.Contains(got, "U+001B") || strings.ContainsAny(got, "\u202e\u200b\u001b\u0000") {
		t.Errorf("invisible characters are shown as %q", got)
	}
	for _, problem := range tab.Problems() {
		if !strings.Contains(problem, "data:image/png") { // an invalid image
			t.Errorf("the page reports %q", problem)
		}
	}
	tab.Clean(s.origin)
}

// TestBrowserLongLine shows the beginning of a line of 10 MB, and all of it on request.
func TestBrowserLongLine(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	s := serve(t, Paths{Results: makeFile(t, "long.jsonl", plainLine("long", strings.Repeat("long text ", 1_000_000)+"the end")+plainLine("wide", strings.Repeat("x", 1_000_000))+plainLine("after", "short"))})
	tab := visit(t, b, s, browsertest.Screen{})
	shown := func() int {
		return browsertest.Eval[int](tab, `document.querySelector("#detail .response .block").textContent.length`)
	}
	if n := shown(); n > mostText+1000 || !strings.Contains(says(tab, "#detail .cut"), "10.0 MB in total") {
		t.Errorf("%d characters of 10 MB are shown, %q", n, says(tab, "#detail .cut"))
	}
	tab.Do(chromedp.Click(chromedp.CSS("#detail .cut button")))
	tab.Wait(still)
	if n := shown(); n != 10_000_007 {
		t.Errorf("all of it has %d characters", n)
	}
	tab.Keys("j")
	tab.Wait(still)
	if wide := browsertest.Eval[int](tab, `Math.max(document.documentElement.scrollWidth - innerWidth, document.querySelector("#detail").scrollWidth - document.querySelector("#detail").clientWidth)`); wide > 0 {
		t.Errorf("a long word makes the page %d pixels too wide", wide)
	}
	tab.Keys("j")
	tab.Wait(still)
	if got := says(tab, "#detail h2"); got != "after" {
		t.Errorf("then %q is shown", got)
	}
	tab.Clean(s.origin)
}

// TestBrowserLarge goes to the end of a file of 50 MB, or of 1 GB with VIEW_LARGE=1.
func TestBrowserLarge(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	size := int64(50_000_000)
	if os.Getenv("VIEW_LARGE") == "1" {
		size = 1_000_000_000
	}
	path := filepath.Join(t.TempDir(), "large.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, rows := strings.Repeat("The Scheldt is a river of Belgium. ", 55), 0
	w := bufio.NewWriterSize(f, 1<<20)
	for written := int64(0); written < size; rows++ {
		n, err := w.WriteString(plainLine(fmt.Sprint("row-", rows), fmt.Sprint(text, rows)))
		if err != nil {
			t.Fatal(err)
		}
		written += int64(n)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := serve(t, Paths{Results: path})
	t.Logf("indexed %d rows of %d bytes in %v", rows, size, time.Since(began))
	tab := visit(t, b, s, browsertest.Screen{})
	last := fmt.Sprint("row-", rows-1)
	tab.Keys("G")
	tab.Wait(still)
	if got := says(tab, "#detail h2"); got != last {
		t.Errorf("G goes to %s, want %s", got, last)
	}
	middle := fmt.Sprint("row-", rows/2)
	tab.Keys("g" + middle + "\r")
	tab.Wait(still)
	if got := says(tab, "#detail h2") + " " + says(tab, "[aria-selected=true] .id"); got != middle+" "+middle {
		t.Errorf("g goes to %s, want %s", got, middle)
	}
	began = time.Now()
	tab.Keys("/belgium. " + fmt.Sprint(rows-1) + "\r")
	tab.Wait(still)
	if ids := shownIDs(tab); !slices.Equal(ids, []string{last}) {
		t.Errorf("found %v, want %s", ids, last)
	}
	t.Logf("searched all of it in %v", time.Since(began))
	if n := browsertest.Eval[int](tab, `document.querySelectorAll("*").length`); n > 5000 {
		t.Errorf("the page has %d elements", n)
	}
	tab.Clean(s.origin)
}
