package schema

import "testing"

func TestKnows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		enum, value string
		want        bool
	}{
		"version/listed":     {"AnthropicVersion", "2023-06-01", true},
		"version/not listed": {"AnthropicVersion", "2024-01-01", false},
		"beta/listed":        {"AnthropicBeta", "files-api-2025-04-14", true},
		"beta/not listed":    {"AnthropicBeta", "files-api", false},
		"beta/empty":         {"AnthropicBeta", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Knows(tt.enum, tt.value); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
