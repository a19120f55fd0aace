package batchtest

import "time"

// WithPromptCache sets the hit rate of the prompt cache, from 0 to 1, and how many tokens a prefix must have to be
// cached. The defaults are 1, as for requests that run one after the other, and 1,024 tokens. In batches of the real
// service, 30 to 98 % of lookups hit. At a rate of 0 nothing is cached.
func WithPromptCache(hits float64, minTokens int64) Option {
	return func(s *Service) { s.batches.cache.hits, s.batches.cache.least = hits, minTokens }
}

// A promptCache holds the prefixes of recent prompts, of all workspaces.
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

// A cacheEntry can be read from the time it was written until it expires.
type cacheEntry struct {
	written, ends time.Time
}

// A cacheUse is what a prompt reads from the cache and writes to it, in tokens.
type cacheUse struct{ read, written5m, written1h int64 }

// use looks up a prompt that the model reads at the given time, and writes the prefixes that it does not find. Reading
// an entry extends its life.
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

// sweep removes expired entries, from time to time.
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
