package batchtest

import (
	"strings"
	"sync"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// count fills in the token counts of a message that has none.
func count(result gen.BetaMessageBatchResult, r request, u cacheUse) {
	succeeded, ok := result.(*gen.BetaMessageBatchSucceededResult)
	if !ok || succeeded.Message.Usage.InputTokens != 0 || succeeded.Message.Usage.OutputTokens != 0 {
		return
	}
	usage := &succeeded.Message.Usage
	usage.OutputTokens = 2
	for _, b := range succeeded.Message.Content {
		switch b := b.(type) {
		case *gen.BetaTextBlock:
			usage.OutputTokens += int64(len(strings.Fields(b.Text)))
		case *gen.BetaToolUseBlock:
			usage.OutputTokens += 1 + wordsOf(b.Input)
		}
	}
	p := measure(r.params)
	usage.InputTokens = p.tokens - u.read - u.written5m - u.written1h
	if written := u.written5m + u.written1h; len(p.breaks) > 0 {
		usage.CacheReadInputTokens, usage.CacheCreationInputTokens = &u.read, &written
		usage.CacheCreation = &gen.BetaCacheCreation{Ephemeral1hInputTokens: u.written1h, Ephemeral5mInputTokens: u.written5m}
	}
}

// snapshots maps model aliases to the dated names they stand for.
var snapshots = sync.OnceValue(func() map[gen.Model]gen.Model {
	names := make(map[gen.Model]gen.Model)
	for _, value := range schema.Components()["Model"].Enum {
		name, _ := value.(string)
		if i := len(name) - len("-20060102"); i > 0 && strings.Trim(name[i:], "-0123456789") == "" && name[i] == '-' {
			names[gen.Model(name[:i])] = gen.Model(name)
		}
	}
	return names
})

// snapshot returns the model that a name stands for: the snapshot of an alias, or else the name itself.
func snapshot(m gen.Model) gen.Model {
	if s, ok := snapshots()[m]; ok {
		return s
	}
	return m
}
