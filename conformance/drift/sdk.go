package drift

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"strings"
	"sync"

	// For go.mod, and so that a test result is not taken from the cache when the version changes.
	_ "github.com/anthropics/anthropic-sdk-go/v2"
	"golang.org/x/tools/go/packages"
)

const (
	sdkPath      = "github.com/anthropics/anthropic-sdk-go/v2"
	sharedPath   = sdkPath + "/shared"
	constantPath = sdkPath + "/shared/constant"
)

// An officialSDK is the source of the SDK, type-checked. Reflection would show the same structs and tags, but not the
// values of enums, the names of aliases such as Model, or the comments, which are the only source of some values.
type officialSDK struct {
	scope    *types.Scope
	comments map[token.Pos]string // of fields, methods and constants, by the position of their name
	defaults map[string]string    // the value of each type in package constant

	batches, messages *types.Named // services
	stableBatches     *types.Named // the service outside the beta namespace
	errorDetails      *types.Named // a union
}

var loadSDK = sync.OnceValues(func() (*officialSDK, error) {
	config := &packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax,
	}
	loaded, err := packages.Load(config, sdkPath, sharedPath, constantPath)
	if err != nil {
		return nil, err
	}
	s := &officialSDK{comments: make(map[token.Pos]string), defaults: make(map[string]string)}
	scopes := make(map[string]*types.Scope)
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("%s: %w", p.PkgPath, p.Errors[0])
		}
		scopes[p.PkgPath] = p.Types.Scope()
		for _, file := range p.Syntax {
			s.read(p, file)
		}
	}
	named := func(path, name string) *types.Named {
		if obj, ok := scopes[path].Lookup(name).(*types.TypeName); ok {
			if t, ok := obj.Type().(*types.Named); ok {
				return t
			}
		}
		err = fmt.Errorf("%s has no type %s", path, name)
		return nil
	}
	s.scope = scopes[sdkPath]
	s.batches = named(sdkPath, "BetaMessageBatchService")
	s.messages = named(sdkPath, "BetaMessageService")
	s.stableBatches = named(sdkPath, "MessageBatchService")
	s.errorDetails = named(sharedPath, "ErrorDetailsUnion")
	return s, err
})

// read collects the comments and constants of a file.
func (s *officialSDK) read(p *packages.Package, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				s.comments[name.Pos()] = n.Doc.Text()
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				s.comments[name.Pos()] = n.Doc.Text()
			}
		case *ast.FuncDecl:
			s.comments[n.Name.Pos()] = n.Doc.Text()
		case *ast.ReturnStmt: // in method Default of a constant
			if p.PkgPath == constantPath && len(n.Results) == 1 {
				if v := p.TypesInfo.Types[n.Results[0]]; v.Value != nil && v.Value.Kind() == constant.String {
					s.defaults[v.Type.String()] = constant.StringVal(v.Value)
				}
			}
		}
		return true
	})
}

// node returns the node of a type, given the comment of the field that has it.
func (s *officialSDK) node(t types.Type, comment string) node {
	switch u := t.(type) {
	case *types.Pointer:
		return s.node(u.Elem(), comment)
	case *types.Named:
		if isType(u, sdkPath+"/packages/param", "Opt") {
			return s.node(u.TypeArgs().At(0), comment)
		}
	}
	n := node{shape: func() shape { return s.shape(t, comment) }}
	if typeName(t) != nil {
		n.name = t.String()
	}
	return n
}

// typeName returns the name of a type or alias, or nil.
func typeName(t types.Type) *types.TypeName {
	switch t := t.(type) {
	case *types.Alias:
		return t.Obj()
	case *types.Named:
		return t.Obj()
	}
	return nil
}

func isType(t *types.Named, path, name string) bool {
	return t.Obj().Pkg().Path() == path && t.Obj().Name() == name
}

func (s *officialSDK) shape(t types.Type, comment string) shape {
	if named, ok := t.(*types.Named); ok {
		switch {
		case isType(named, "time", "Time"):
			return shape{kind: "time"}
		case isType(named, "encoding/json", "RawMessage"):
			return shape{kind: "any"}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return shape{kind: "list", items: s.node(u.Elem(), comment)}
	case *types.Map:
		return shape{kind: "map", items: s.node(u.Elem(), comment)}
	case *types.Interface:
		return shape{kind: "any"}
	case *types.Struct:
		if members := s.members(t); members != nil {
			return union(members...)
		}
		return s.object(u)
	case *types.Basic:
		switch info := u.Info(); {
		case info&types.IsString != 0:
			return shape{kind: "string", values: s.values(t, comment), deprecatedValues: s.deprecatedValues(t)}
		case info&types.IsInteger != 0:
			return shape{kind: "integer"}
		case info&types.IsFloat != 0:
			return shape{kind: "number"}
		case info&types.IsBoolean != 0:
			return shape{kind: "boolean"}
		}
	}
	return shape{kind: t.String()}
}

// members returns the members of a union. A union in parameters has an inline field for each; one in responses has all
// their fields, and a method As... for each.
func (s *officialSDK) members(t types.Type) (members []node) {
	u := t.Underlying().(*types.Struct)
	for i := range u.NumFields() {
		if strings.HasPrefix(u.Field(i).Name(), "Of") && strings.HasSuffix(u.Tag(i), `,omitzero,inline"`) {
			members = append(members, s.node(u.Field(i).Type(), ""))
		}
	}
	if named, ok := t.(*types.Named); ok {
		for m := range named.Methods() {
			if strings.HasPrefix(m.Name(), "As") && m.Name() != "AsAny" {
				members = append(members, s.node(m.Signature().Results().At(0).Type(), ""))
			}
		}
	}
	return members
}

func (s *officialSDK) object(u *types.Struct) shape {
	o := shape{kind: "object", parts: make(map[string]node)}
	for i := range u.NumFields() {
		tag := reflect.StructTag(u.Tag(i))
		for _, key := range []string{"json", "query", "header"} {
			name, _, _ := strings.Cut(tag.Get(key), ",")
			if name == "" || name == "-" {
				continue
			}
			comment := s.comments[u.Field(i).Pos()]
			o.parts[name] = s.node(u.Field(i).Type(), comment)
			if isDeprecated(comment) {
				o.deprecatedParts = append(o.deprecatedParts, name)
			}
			if tag.Get("api") == "required" || tag.Get("default") != "" {
				o.required = append(o.required, name)
			}
		}
	}
	return o
}

var (
	listOfValues = regexp.MustCompile(`(?s)Any of (".*?")\.\n`)
	quoted       = regexp.MustCompile(`"([^"]*)"`)
)

// values returns the values of a string type: its constants or, if it has no name, those listed in the comment.
func (s *officialSDK) values(t types.Type, comment string) (values []string) {
	obj := typeName(t)
	if obj == nil {
		if list := listOfValues.FindStringSubmatch(comment); list != nil {
			for _, m := range quoted.FindAllStringSubmatch(list[1], -1) {
				values = append(values, m[1])
			}
		}
		return values
	}
	if v, ok := s.defaults[t.String()]; ok {
		return []string{v}
	}
	for _, c := range constants(obj) {
		values = append(values, constant.StringVal(c.Val()))
	}
	return values
}

// constants returns the constants of a type.
func constants(t *types.TypeName) (constants []*types.Const) {
	scope := t.Pkg().Scope()
	for _, name := range scope.Names() {
		if c, ok := scope.Lookup(name).(*types.Const); ok && typeName(c.Type()) == t {
			constants = append(constants, c)
		}
	}
	return constants
}
