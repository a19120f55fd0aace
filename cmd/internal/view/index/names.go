package index

import "strings"

const (
	mostNames = 1000 // distinct names in one file; any further name becomes Others
	mostName  = 100  // bytes of a name
)

// Others stands for all names beyond the first 1,000 that a file holds.
const Others = "(others)"

// names numbers the few names that occur in many lines.
type names struct {
	all []string
	ids map[string]Name
}

func newNames(all []string) *names {
	if len(all) == 0 {
		all = []string{"", Others}
	}
	n := &names{all: all, ids: make(map[string]Name)}
	for i, name := range all {
		n.ids[name] = Name(i)
	}
	return n
}

func (n *names) id(name string) Name {
	if id, ok := n.ids[name]; ok {
		return id
	}
	if len(name) > mostName {
		return n.id(strings.ToValidUTF8(name[:mostName-3], "") + "...")
	}
	if len(n.all) >= mostNames {
		return n.ids[Others]
	}
	name = strings.Clone(name) // does not retain the line
	id := Name(len(n.all))
	n.all = append(n.all, name)
	n.ids[name] = id
	return id
}
