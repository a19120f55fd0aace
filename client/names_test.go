package client_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// A shortName is an entry of the overlay for one name of names.gen.go.
type shortName struct {
	Name      string
	Set, Read map[string]string
	Constants any
}

type component struct {
	Short      *shortName           `yaml:"x-go-short"`
	Properties map[string]component `yaml:"properties"`
}

// shortNames returns the list in the overlay, by component, and by component and property.
func shortNames(t *testing.T) map[string]*shortName {
	t.Helper()
	text, err := os.ReadFile("../gen/overlay.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct {
		Actions []struct {
			Target string
			Update yaml.Node
		}
	}
	if err := yaml.Unmarshal(text, &overlay); err != nil {
		t.Fatal(err)
	}
	names := make(map[string]*shortName)
	for _, action := range overlay.Actions {
		if action.Target != "$.components.schemas" {
			continue
		}
		var components map[string]component
		if err := action.Update.Decode(&components); err != nil {
			t.Fatal(err)
		}
		for name, c := range components {
			if c.Short != nil {
				names[name] = c.Short
			}
			for property, p := range c.Properties {
				if p.Short != nil {
					names[name+"."+property] = p.Short
				}
			}
		}
	}
	return names
}

// An alias is one of names.gen.go: the type of gen that it stands for, and its comment.
type alias struct{ target, doc string }

// declared returns the aliases and the constants of names.gen.go.
func declared(t *testing.T) (aliases map[string]alias, constants map[string]bool) {
	t.Helper()
	aliases, constants = make(map[string]alias), make(map[string]bool)
	for _, decl := range parse(t, "names.gen.go").Decls {
		decl, ok := decl.(*ast.GenDecl)
		if !ok {
			t.Fatalf("names.gen.go declares a %T", decl)
		}
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				target, ok := spec.Type.(*ast.SelectorExpr)
				if !ok || !spec.Assign.IsValid() {
					t.Fatalf("%s is not an alias of a type of gen", spec.Name)
				}
				aliases[spec.Name.Name] = alias{target.Sel.Name, decl.Doc.Text()}
			case *ast.ValueSpec:
				constants[spec.Names[0].Name] = true
			}
		}
	}
	return aliases, constants
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// structs returns the fields of the structs of gen by name, whether they are required.
func structs(t *testing.T) map[string]map[string]bool {
	t.Helper()
	all := make(map[string]map[string]bool)
	ast.Inspect(parse(t, "../gen/types.gen.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			fields := make(map[string]bool)
			for _, f := range s.Fields.List {
				if f.Tag == nil { // Unknown
					continue
				}
				tag, err := strconv.Unquote(f.Tag.Value)
				if err != nil {
					t.Fatal(err)
				}
				name := reflect.StructTag(tag).Get("json")
				fields[f.Names[0].Name] = name != "-" && !strings.Contains(name, "omitzero")
			}
			all[spec.Name.Name] = fields
		}
		return false
	})
	return all
}

// TestShortNames checks that the list and names.gen.go agree, and that the list stays short.
func TestShortNames(t *testing.T) {
	t.Parallel()
	aliases, constants := declared(t)
	schemas := contract.Load().Components.Schemas
	listed := []string{"Unknown"} // the template's
	for place, short := range shortNames(t) {
		name, property, _ := strings.Cut(place, ".")
		if schema := schemas[name]; schema == nil {
			t.Errorf("%s: the contract has no component %s", short.Name, name)
		} else if property != "" && schema.Value.Properties[property] == nil {
			t.Errorf("%s: %s has no property %s", short.Name, name, property)
		}
		listed = append(listed, short.Name)
		for _, words := range []map[string]string{short.Set, short.Read} {
			for property, text := range words {
				if !strings.Contains(aliases[short.Name].doc, ": "+text+"\n") {
					t.Errorf("%s: nothing says %q: there is no property %s", short.Name, text, property)
				}
			}
		}
		if m, ok := short.Constants.(map[string]any); ok {
			for value, name := range m {
				listed = append(listed, name.(string))
				if !constants[name.(string)] {
					t.Errorf("%s: there is no value %q", short.Name, value)
				}
			}
		}
	}
	slices.Sort(listed)
	for i, name := range listed {
		if i > 0 && name == listed[i-1] {
			t.Errorf("%s is listed twice", name)
		}
		if aliases[name].target == "" && !constants[name] {
			t.Errorf("%s is listed, but not in names.gen.go", name)
		}
	}
	for name := range aliases {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is in names.gen.go, but not listed", name)
		}
	}
	if len(listed) < 80 || len(listed) > 130 {
		t.Errorf("%d names are listed, want about 120", len(listed))
	}
}

var fieldLine = regexp.MustCompile(`(?m)^  - (\w+) \S+: \S`)

// TestShortNamesListFields checks that the comment of each alias of a struct lists all fields that the contract requires:
// go doc shows only the comment.
func TestShortNamesListFields(t *testing.T) {
	t.Parallel()
	structs := structs(t)
	aliases, _ := declared(t)
	n := 0
	for name, alias := range aliases {
		fields, ok := structs[alias.target]
		if !ok {
			continue
		}
		var listed []string
		for _, m := range fieldLine.FindAllStringSubmatch(alias.doc, -1) {
			listed = append(listed, m[1])
		}
		for field, required := range fields {
			if required && !slices.Contains(listed, field) {
				t.Errorf("the comment of %s does not list %s", name, field)
			}
			n++
		}
		for _, field := range listed {
			if _, ok := fields[field]; !ok && name != "Unknown" {
				t.Errorf("the comment of %s lists %s, which it does not have", name, field)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d fields were found", n)
	}
}
