package batchtest

import "time"

// WithPromptCache sets how often a prefix that is in the prompt cache is found there, from 0 to 1, and how many tokens a
// prefix must have to be cached. By default it is found always, as it is by requests that run one after the other, and
// has 1,024 tokens. The service finds 30 to 98 % of them in batches. A rate of 0 caches nothing.
func WithPromptCache(hits float64, minTokens int64) Option {
	return func(s *Service) { s.batches.cache.hits, s.batches.cache.least = hits, minTokens }
}

// A promptCache holds the prefixes of prompts that were read in the last time, of all workspaces.
type promptCache struct {
	hits    float64
	least   int64
	entries map[cacheKey]cacheEntry
	swept   time.Time
}

type cacheKey struct {
	tenant
	prefix uint64
}

// A cacheEntry can be read after it was written, until it ends.
type cacheEntry struct {
	written, ends time.Time
}

// A cacheUse is what a prompt has to do with the cache, in tokens.
type cacheUse struct{ read, written5m, written1h int64 }

// use looks a prompt up that was read at a time, and writes what it has not found. An entry that is read lives longer.
func (c *promptCache) use(who tenant, p *prompt, at time.Time, found bool) (u cacheUse) {
	if c.hits <= 0 || len(p.breaks) == 0 {
		return u
	}
	c.sweep(at)
	for _, b := range p.breaks {
		e, ok := c.entries[cacheKey{who, b.prefix}]
		if ok && found && e.written.Before(at) && at.Before(e.ends) {
			u.read = b.tokens
		}
	}
	behind := max(u.read, 0)
	for _, b := range p.breaks {
		if b.tokens < c.least {
			continue
		}
		k := cacheKey{who, b.prefix}
		e, ok := c.entries[k]
		if !ok || !at.Before(e.ends) {
			e = cacheEntry{written: at}
		}
		if end := at.Add(b.ttl); end.After(e.ends) {
			e.ends = end
		}
		c.entries[k] = e
		if b.tokens > behind {
			if b.ttl == time.Hour {
				u.written1h += b.tokens - behind
			} else {
				u.written5m += b.tokens - behind
			}
			behind = b.tokens
		}
	}
	return u
}

// sweep removes entries that have ended, now and then.
func (c *promptCache) sweep(now time.Time) {
	if now.Sub(c.swept) < time.Hour {
		return
	}
	c.swept = now
	for k, e := range c.entries {
		if !now.Before(e.ends) {
			delete(c.entries, k)
		}
	}
}
