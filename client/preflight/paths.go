package preflight

import (
	"slices"
	"strconv"
	"strings"
)

// A path is a path of one of the contract's rules, split into steps.
type path struct {
	id    int
	steps []string
}

func newPath(id int, text string) *path {
	return &path{id, strings.Split(strings.TrimPrefix(text, "/"), "/")}
}

// A cursor is the position in a path on the way to a schema.
type cursor struct {
	path *path
	step int // the next step
}

func (c cursor) arrived() bool { return c.step == len(c.path.steps) }

// A trail is the set of cursors that lead to a schema. The same schema behind another trail is another node, so that
// checking a request matches no paths.
type trail []cursor

// with returns the trail with other paths that begin here.
func (t trail) with(paths ...*path) trail {
	next := slices.Clone(t)
	for _, p := range paths {
		next = next.add(cursor{p, 0})
	}
	return next
}

// add adds a cursor, unless the trail contains it. A step "**" may match nothing.
func (t trail) add(c cursor) trail {
	if slices.Contains(t, c) {
		return t
	}
	t = append(t, c)
	if !c.arrived() && c.path.steps[c.step] == "**" {
		t = t.add(cursor{c.path, c.step + 1})
	}
	return t
}

// property returns the trail to a property.
func (t trail) property(name string) trail { return t.take(name) }

// element returns the trail to the elements of a list.
func (t trail) element() trail { return t.take("*") }

// take advances all cursors by one step.
func (t trail) take(name string) (next trail) {
	for _, c := range t {
		switch {
		case c.arrived():
		case c.path.steps[c.step] == "**":
			next = next.add(c)
		case c.path.steps[c.step] == name:
			next = next.add(cursor{c.path, c.step + 1})
		}
	}
	return next
}

// arrived returns the paths that end here.
func (t trail) arrived() (paths []*path) {
	for _, c := range t {
		if c.arrived() {
			paths = append(paths, c.path)
		}
	}
	return paths
}

// key identifies the trail.
func (t trail) key() string {
	parts := make([]string, len(t))
	for i, c := range t {
		parts[i] = strconv.Itoa(c.path.id) + "." + strconv.Itoa(c.step)
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}
