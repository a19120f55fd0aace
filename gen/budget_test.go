package gen

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// TestMemoryOfContract decodes lists of the shortest values that the contract allows, and of its examples: none may
// come near the budget of the decoder. It is not parallel, because the memory of other tests would count.
func TestMemoryOfContract(t *testing.T) {
	shortest := make(map[string][]byte)
	for name, c := range codecs {
		if x, err := c.decode([]byte(`{}`)); err == nil {
			if b, err := c.encode(x); err == nil && b[0] == '{' && len(b) > 2 {
				shortest[name] = b
			}
		}
	}
	if len(shortest) < 200 {
		t.Fatalf("only %d components are objects", len(shortest))
	}
	blocks := 0
	check := func(name string, c codec, b []byte) {
		if x, _ := c.decode(b); isBlock(x) {
			blocks++
			ratio, err := memory(resultOf(string(b), 1<<20))
			if err != nil || ratio > 3 { // the budget is 5
				t.Errorf("%s in a result: %.1f bytes per byte, %v", name, ratio, err)
			}
		}
	}
	for name, b := range shortest {
		check(name, codecs[name], b)
	}
	for _, e := range examples(t) {
		check(e.place, codecs[e.component], e.json)
	}
	if blocks < 30 {
		t.Errorf("only %d content blocks were tried", blocks)
	}
	// Requests with the shortest prompts.
	request := `{"custom_id":"a","params":{"max_tokens":1,"messages":[{"content":"a","role":"user"}],"model":"m"}}`
	body := []byte(`{"requests":[` + strings.Repeat(request+",", 4<<20/len(request)) + request + `]}`)
	if err := new(BetaCreateMessageBatchParams).UnmarshalJSON(body); err != nil {
		t.Errorf("short requests: %v", err)
	}
}

func isBlock(x any) bool {
	if p, ok := x.(*BetaContentBlock); ok {
		x = *p
	}
	_, unknown := x.(*Unknown)
	_, ok := x.(BetaContentBlock)
	return ok && !unknown
}

// resultOf returns a line whose message repeats a block.
func resultOf(block string, size int) []byte {
	return []byte(`{"custom_id":"a","result":{"type":"succeeded","message":{"content":[` + strings.Repeat(block+",", size/len(block)) + block + `]}}}`)
}

// memory decodes a line, and returns how many bytes of memory its values take per byte of JSON.
func memory(line []byte) (ratio float64, err error) {
	before := live()
	var x BetaMessageBatchIndividualResponse
	err = x.UnmarshalJSON(line)
	after := live()
	runtime.KeepAlive(line)
	runtime.KeepAlive(&x)
	return float64(int64(after)-int64(before)) / float64(len(line)), err
}

func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryOfHostileResults decodes values that take the most memory per byte: the budget must stop them. It is not
// parallel either.
func TestMemoryOfHostileResults(t *testing.T) {
	block := func(elements string) string {
		return `{"type":"text","citations":[` + strings.Repeat(elements, 1000) + `{}]}`
	}
	for name, b := range map[string]string{
		"ones":               `1`,
		"empty objects":      `{}`,
		"empty lists":        `[]`,
		"empty strings":      `""`,
		"booleans":           `true`,
		"citations/ones":     block(`1,`),
		"citations/objects":  block(`{},`),
		"search results":     `{"type":"web_search_tool_result","content":[` + strings.Repeat(`{"type":"web_search_result"},{},`, 1000) + `1]}`,
		"mcp":                `{"type":"mcp_tool_result","content":[` + strings.Repeat(`{},`, 1000) + `1]}`,
		"mcp/listing":        `{"type":"mcp_tool_listing","tools":[` + strings.Repeat(`{},`, 1000) + `1]}`,
		"tool references":    `{"type":"tool_search_tool_result","content":{"type":"tool_search_tool_search_result","tool_references":[` + strings.Repeat(`{},`, 1000) + `1]}}`,
		"code/files":         `{"type":"code_execution_tool_result","content":{"type":"code_execution_result","content":[` + strings.Repeat(`{},`, 1000) + `1]}}`,
		"editor/lines":       `{"type":"text_editor_code_execution_tool_result","content":{"type":"text_editor_code_execution_str_replace_result","lines":[` + strings.Repeat(`"",`, 1000) + `""]}}`,
		"tool use":           `{"type":"tool_use"}`,
		"unknown":            `{"type":"x"}`,
		"unknown/properties": `{"a":1}`,
		"invalid UTF-8":      `{"type":"text","text":"` + strings.Repeat("\xff", 1000) + `"}`,
		"invalid UTF-8/raw":  `{"type":"x","text":"` + strings.Repeat("\xff", 1000) + `"}`,
	} {
		ratio, err := memory(resultOf(b, 8<<20))
		if ratio > 6.5 || err != nil && !errors.Is(err, wire.ErrBudget) && !errors.As(err, new(*DecodeError)) {
			t.Errorf("%s: %.1f bytes per byte, %v", name, ratio, err)
		}
		t.Logf("%s: %.1f bytes per byte, %v", name, ratio, err)
	}
	iterations := `{"custom_id":"a","result":{"type":"succeeded","message":{"content":[],"usage":{"iterations":[` + strings.Repeat(`{},`, 2<<20) + `{}]}}}}`
	if ratio, err := memory([]byte(iterations)); ratio > 6.5 {
		t.Errorf("iterations: %.1f bytes per byte, %v", ratio, err)
	}
	if ratio, err := memory([]byte(`{"custom_id":"a","result":` + strings.Repeat("[", 10_000_000))); ratio > 6.5 || err == nil {
		t.Errorf("brackets: %.1f bytes per byte, %v", ratio, err)
	}
}
