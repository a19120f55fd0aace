package convert_test

import (
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		head string
		want convert.Format
	}{
		"table/CSV":           {"id,text\n", convert.FormatTable},
		"table/empty":         {"", convert.FormatTable},
		"table/UTF-16":        {"\xff\xfei\x00", convert.FormatTable},
		"json/array":          {"\ufeff\n [{", convert.FormatJSON},
		"json/body":           {`{"requests":[{"custom_id":"a"`, convert.FormatJSON},
		"json/body, later":    {`{"x":1,"requests":[{"custom_id":"a"`, convert.FormatJSON},
		"json/pretty":         {"{\n \"custom_id\": \"a\",\n \"params\": {}\n}", convert.FormatJSON},
		"json/pretty, cut":    {"{\n \"custom_id\": \"a\",\n \"par", convert.FormatJSON},
		"openai/line":         {aLine(`"messages":[]`) + "\n{}", convert.FormatOpenAI},
		"openai/long":         {`{"custom_id":"x","method":"POST","body":{"messages":[{"role":"user","content":"` + strings.Repeat("x", 70000), convert.FormatOpenAI},
		"results/line":        {succeeded("a", "b"), convert.FormatResults},
		"results/long":        {`{"custom_id":"x","result":{"type":"` + strings.Repeat("x", 70000), convert.FormatResults},
		"requests/line":       {`{"custom_id":"a","params":{}}` + "\n", convert.FormatRequests},
		"requests/other line": {`{"a":1}` + "\n", convert.FormatRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := convert.Detect([]byte(tt.head)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
