// Package browsertest lets tests look at pages in a headless Chromium, and check their accessibility with axe-core.
package browsertest

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axe is axe-core 4.14.1 from npm, compressed, under the Mozilla Public License 2.0; see axe.LICENSE.txt.
//
//go:embed axe.min.js.gz
var axe []byte

// patience is how long a test may wait for a browser on a busy machine.
const patience = 10 * time.Minute

// A Browser is a Chromium that is closed when the test ends.
type Browser struct{ ctx context.Context }

// Start starts a Chromium: the one that the variable CHROMIUM names, or one in the PATH. The test is skipped unless
// BROWSER_TESTS=1, as in make test-browser.
func Start(t testing.TB) *Browser {
	t.Helper()
	if os.Getenv("BROWSER_TESTS") != "1" {
		t.Skip("browser tests run with make test-browser or BROWSER_TESTS=1")
	}
	path := find()
	if path == "" {
		t.Fatal("no Chromium found: install it, or set CHROMIUM")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.WSURLReadTimeout(patience), chromedp.Flag("disable-gpu", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root otherwise
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // ignores messages newer than chromedp
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{ctx}
}

func find() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// A Screen describes the screen of a page. The zero Screen has 1,280 by 800 pixels and light colors.
type Screen struct {
	Width, Height int64 // in pixels
	Dark          bool  // prefers-color-scheme
	Phone         bool  // with a touch screen
}

// Screens returns the screens on which each page is tried: light and dark, of a computer and of a phone.
func Screens() map[string]Screen {
	return map[string]Screen{
		"light": {}, "dark": {Dark: true}, "phone": {Width: 360, Height: 740, Phone: true}, "phone/dark": {Width: 360, Height: 740, Phone: true, Dark: true},
	}
}

// A Tab is a page in a browser. Its methods fail the test on errors.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
	requests []string
}

// Open opens a page in a new tab, which shares no cookies with others.
func (b *Browser) Open(t testing.TB, address string, s Screen) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.listen))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // without a time-out, because it would be that of the tab
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	tab.ctx = ctx
	if s.Width == 0 {
		s.Width, s.Height = 1280, 800
	}
	size := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if s.Phone {
		size = append(size, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	tab.Do(chromedp.EmulateViewport(s.Width, s.Height, size...), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		scheme := "light"
		if s.Dark {
			scheme = "dark"
		}
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		if err == nil {
			_, err = cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		}
		if err == nil {
			_, err = cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		}
		return err
	}), chromedp.Navigate(address))
	return tab
}

// listen records the requests and the problems of the page.
func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		b.problems = append(b.problems, text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *page.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "the page opened a dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// Problems returns the exceptions, console errors and dialogs of the page since the last call.
func (b *Tab) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.problems
	b.problems = nil
	return all
}

// Elsewhere returns the URLs that the page has requested from any other origin. Data URIs are not requests.
func (b *Tab) Elsewhere(origin string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, address := range b.requests {
		u, err := url.Parse(address)
		if err == nil && (u.Scheme == "data" || u.Scheme+"://"+u.Host == origin) {
			continue
		}
		all = append(all, address)
	}
	return all
}

// Do runs chromedp actions.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v; the page says: %v", err, b.Problems())
	}
}

// Wait waits until a JavaScript expression is true.
func (b *Tab) Wait(expression string) {
	b.t.Helper()
	wait := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
	if err := chromedp.Do(b.ctx, wait); err != nil {
		b.t.Fatalf("waiting for %s: %v; the page says: %v", expression, err, b.Problems())
	}
}

// Eval returns the value of a JavaScript expression. If it is a promise, Eval waits for its value.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.500s: %v; the page says: %v", expression, err, b.Problems())
	}
	return v
}

// Keys presses keys in the focused element. As with a keyboard, a key that the page handles types nothing.
func (b *Tab) Keys(keys string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, r := range keys {
			events := kb.Encode(r)
			for i, e := range events {
				switch {
				case e.Type == input.DispatchKeyEventTypeChar:
					continue
				case i+1 < len(events) && events[i+1].Type == input.DispatchKeyEventTypeChar:
					e.Type, e.Text, e.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, events[i+1].Text, events[i+1].UnmodifiedText
				}
				if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, *e); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// Picture writes a screenshot to a PNG file.
func (b *Tab) Picture(path string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(path, png, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// A Violation is an axe-core rule that a page breaks.
type Violation struct {
	ID     string `json:"id"`     // of the rule
	Impact string `json:"impact"` // minor, moderate, serious or critical
	Help   string `json:"help"`   // text of the rule

	// Nodes are the elements that break it.
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String returns the rule and the first element that breaks it.
func (v Violation) String() string {
	text := fmt.Sprintf("%s (%s): %s", v.ID, v.Impact, v.Help)
	if len(v.Nodes) > 0 {
		text += fmt.Sprintf(", %d times: %.300s: %s", len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].Summary)
	}
	return text
}

// Serious reports whether the impact is serious or critical.
func (v Violation) Serious() bool { return v.Impact == "serious" || v.Impact == "critical" }

// Axe runs axe-core on the page in its current state, and returns the violations.
func (b *Tab) Axe() []Violation {
	b.t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(axe))
	if err != nil {
		b.t.Fatal(err)
	}
	var script strings.Builder
	if _, err := io.Copy(&script, r); err != nil {
		b.t.Fatal(err)
	}
	b.Do(chromedp.Evaluate[chromedp.Void](script.String() + ";true"))
	found := Eval[string](b, `axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`)
	var all []Violation
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		b.t.Fatal(err)
	}
	return all
}

// Accessible fails the test if axe-core finds anything serious on the page in its current state, and logs what else it finds.
func (b *Tab) Accessible(what string) {
	b.t.Helper()
	for _, v := range b.Axe() {
		if v.Serious() {
			b.t.Errorf("%s: axe: %v", what, v)
		} else {
			b.t.Logf("%s: axe: %v", what, v)
		}
	}
}

// Fits fails the test if the page is wider than the screen.
func (b *Tab) Fits(what string) {
	b.t.Helper()
	if wide := Eval[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		b.t.Errorf("%s: the page is %d pixels too wide", what, wide)
	}
}

// Clean fails the test if the page has reported problems, or has loaded anything from another origin.
func (b *Tab) Clean(origin string) {
	b.t.Helper()
	if problems := b.Problems(); len(problems) > 0 {
		b.t.Errorf("the page reports %q", problems)
	}
	if elsewhere := b.Elsewhere(origin); len(elsewhere) > 0 {
		b.t.Errorf("the page requests %q", elsewhere)
	}
}
