package drift

import (
	"go/constant"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// methods returns the methods of the SDK that send a request about batches, by name.
func (s *officialSDK) methods() map[string]*types.Func {
	byName := make(map[string]*types.Func)
	for m := range s.batches.Methods() {
		if m.Exported() && !strings.HasSuffix(m.Name(), "AutoPaging") { // it calls List
			byName[m.Name()] = m
		}
	}
	return byName
}

// params returns the parameters of a method except its options: body, query and headers are fields of one struct.
func (s *officialSDK) params(method *types.Func) node {
	params := method.Signature().Params()
	return s.node(params.At(params.Len()-2).Type(), "")
}

// response returns the result of a method, or one line of a stream.
func (s *officialSDK) response(method *types.Func) node {
	t := method.Signature().Results().At(0).Type()
	if p, ok := t.(*types.Pointer); ok {
		if named, ok := p.Elem().(*types.Named); ok && isType(named, sdkPath+"/packages/jsonl", "Stream") {
			t = named.TypeArgs().At(0)
		}
	}
	return s.node(t, "")
}

var errorCode = regexp.MustCompile(`\bErrorCode\w+`)

// details returns the details of an error. They have a type for each code of the whole API; the comments of methods
// list the codes that they can return. The codes of a result are those of a single message.
func (s *officialSDK) details() node {
	methods := slices.Collect(maps.Values(s.methods()))
	for m := range s.messages.Methods() {
		if m.Name() == "New" {
			methods = append(methods, m)
		}
	}
	var codes []string
	for _, m := range methods {
		for _, name := range errorCode.FindAllString(s.comments[m.Pos()], -1) {
			if c, ok := s.scope.Lookup(name).(*types.Const); ok {
				codes = append(codes, constant.StringVal(c.Val()))
			}
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	all := shape{kind: "object", parts: make(map[string]node)}
	for _, member := range s.members(s.errorDetails) {
		parts := member.shape().parts
		known := func(code string) bool { return slices.Contains(codes, code) }
		if p, ok := parts["error_code"]; ok && slices.ContainsFunc(p.shape().values, known) {
			maps.Copy(all.parts, parts)
		}
	}
	all.parts["error_code"] = node{shape: func() shape { return shape{kind: "string", values: codes} }}
	return node{shape: func() shape { return all }}
}
