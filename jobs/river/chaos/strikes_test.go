//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A strike is a failure of a cluster. Most strikes hit one chosen machine.
type strike struct {
	name   string
	weight int // relative frequency
	do     func(*cluster, context.Context, *machine) error
}

// strikes has all strikes. Each happens once before any is repeated.
var strikes = []strike{
	{"kills", 6, (*cluster).killOne},
	{"kills for good", 5, (*cluster).killForGood},
	{"kills of all", 2, (*cluster).killAll},
	{"stops beyond the lease", 3, (*cluster).suspend},
	{"losses of River jobs", 1, (*cluster).loseTasks},
	{"cuts of the way to the database", 2, (*cluster).cutOff},
	{"restarts of the database", 1, (*cluster).restart},
}

// strike runs the n-th strike.
func (c *cluster) strike(ctx context.Context, n int) error {
	if n == 0 {
		c.order = rand.Perm(len(strikes))
	}
	if n >= len(strikes) {
		var all []int
		for i, s := range strikes {
			all = append(all, slices.Repeat([]int{i}, s.weight)...)
		}
		c.order = append(c.order, all[rand.IntN(len(all))])
	}
	s := strikes[c.order[n]]
	switch err := s.do(c, ctx, c.machines[rand.IntN(len(c.machines))]); {
	case errors.Is(err, errLeftOut):
		c.t.Log(err)
	case err != nil:
		return fmt.Errorf("%s: %w", s.name, err)
	default:
		c.struck[s.name]++
	}
	return pause(ctx, time.Duration(rand.Int64N(int64(time.Second))))
}

// killOne kills a worker while it sends. A new one, with a directory of its own, replaces it at once.
func (c *cluster) killOne(ctx context.Context, m *machine) error {
	c.awaitSending(ctx, m)
	m.kill()
	c.watch(ctx, m.owner())
	m.start(c.t)
	return nil
}

// killForGood kills a worker while it sends. It is not replaced for longer than its lease.
func (c *cluster) killForGood(ctx context.Context, m *machine) error {
	c.awaitSending(ctx, m)
	m.kill()
	c.watch(ctx, m.owner())
	err := pause(ctx, lease+time.Second)
	m.start(c.t)
	return err
}

func (c *cluster) killAll(ctx context.Context, m *machine) error {
	c.awaitSending(ctx, m)
	for _, m := range c.machines {
		m.kill()
		c.watch(ctx, m.owner())
	}
	for _, m := range c.machines {
		m.start(c.t)
	}
	return nil
}

// suspend suspends a worker while it sends, and lets it continue after its lease has ended.
func (c *cluster) suspend(ctx context.Context, m *machine) error {
	c.awaitSending(ctx, m)
	m.stop()
	defer m.continueIt()
	return pause(ctx, lease+time.Second)
}

// loseTasks cancels some River jobs and deletes others, as a person may do.
func (c *cluster) loseTasks(ctx context.Context, _ *machine) error {
	for _, statement := range []string{
		`DELETE FROM %s.river_job WHERE state <> 'running' AND id %% 2 = 0`,
		`UPDATE %s.river_job SET state = 'cancelled', finalized_at = now() WHERE state IN ('available', 'scheduled')`,
	} {
		for { // a restart of the database may have ended the connections
			_, err := c.db.Exec(ctx, fmt.Sprintf(statement, c.schema))
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return err
			}
		}
	}
	return nil
}

// cutOff disconnects all workers from the database for a while.
func (c *cluster) cutOff(ctx context.Context, _ *machine) error {
	c.proxy.setCut(true)
	defer c.proxy.setCut(false)
	return pause(ctx, time.Duration(rand.Int64N(int64(lease))))
}

var errLeftOut = errors.New("the database is not restarted, because POSTGRES_RESTART is not set")

// restart kills the database and starts it again, if it is used by this test only.
func (c *cluster) restart(context.Context, *machine) error {
	command := os.Getenv("POSTGRES_RESTART")
	if command == "" {
		return errLeftOut
	}
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// awaitSending waits, at most a second, until a worker is sending.
func (c *cluster) awaitSending(ctx context.Context, m *machine) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for ctx.Err() == nil {
		var sends bool
		err := c.db.QueryRow(ctx, fmt.Sprintf(`SELECT EXISTS (SELECT FROM %[1]s.batch b JOIN %[1]s.attempt a ON a.job = b.job AND a.seq = b.seq AND a.n = b.attempt
			WHERE b.state = 'submitting' AND position($1 in a.owner) > 0)`, c.schema), m.owner()).Scan(&sends)
		if err == nil && sends {
			return
		}
		_ = pause(ctx, time.Millisecond)
	}
}

// watch measures how long a dead worker still owns its attempt.
func (c *cluster) watch(ctx context.Context, owner string) {
	began := time.Now()
	c.watched.Go(func() {
		var attempt string
		find := fmt.Sprintf(`SELECT a.job || ' ' || a.seq || ' ' || a.n FROM %[1]s.batch b JOIN %[1]s.attempt a ON a.job = b.job AND a.seq = b.seq AND a.n = b.attempt
			WHERE b.state = 'submitting' AND position($1 in a.owner) > 0 ORDER BY a.lease DESC LIMIT 1`, c.schema)
		if c.ask(ctx, find, []any{owner}, &attempt) != nil {
			return // it was sending nothing
		}
		isOwn, outcome := true, ""
		for isOwn {
			if pause(ctx, 20*time.Millisecond) != nil || c.ask(ctx, fmt.Sprintf(`SELECT b.state = 'submitting' AND b.attempt = a.n, a.outcome FROM %[1]s.batch b JOIN %[1]s.attempt a ON a.job = b.job AND a.seq = b.seq
				WHERE a.job || ' ' || a.seq || ' ' || a.n = $1`, c.schema), []any{attempt}, &isOwn, &outcome) != nil {
				return
			}
		}
		if outcome == "proven" {
			return // the worker died after it had stored the outcome
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.takeOver = append(c.takeOver, time.Since(began).Round(time.Millisecond))
	})
}

// ask reads a row. It retries through outages of the database.
func (c *cluster) ask(ctx context.Context, query string, args []any, into ...any) error {
	for {
		err := c.db.QueryRow(ctx, query, args...).Scan(into...)
		if err == nil || errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// counts formats counts of strikes.
func counts(m map[string]int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprint(m[what], " ", what))
	}
	return strings.Join(all, ", ")
}
