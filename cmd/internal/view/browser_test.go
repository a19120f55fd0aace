package view

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/browsertest"
)

// visit opens the page of a site, and waits until it is there.
func visit(t *testing.T, b *browsertest.Browser, s site, screen browsertest.Screen) *browsertest.Tab {
	t.Helper()
	tab := b.Open(t, s.enter, screen)
	tab.Wait(`document.body.classList.contains("ready")`)
	return tab
}

// still waits until nothing is loading.
const still = `document.body.dataset.busy === "0"`

// TestPictures writes pictures of the page into the directory VIEW_PICTURES, to look at.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("VIEW_PICTURES")
	if dir == "" {
		t.Skip("VIEW_PICTURES is the directory for pictures")
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
		tab = visit(t, b, s, screen)
		tab.Keys("f")
		tab.Wait(still)
		shot(tab, "4-filters")
		tab = visit(t, b, s, screen)
		tab.Keys("/rhine\r")
		tab.Wait(still)
		shot(tab, "5-search")
		tab.Keys("?")
		shot(tab, "6-help")
	}
}
