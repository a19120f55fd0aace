package sqlstore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A table maps Go values to rows of the database. The columns are in the order of the pointers that fields returns.
type table[V any] struct {
	name    string
	columns string // with their types, separated by commas
	key     string // columns of the primary key
	indexes []string
	fields  func(*V) []any
}

var (
	jobs = table[store.Job]{
		"job", "id TEXT, epoch INTEGER, runs INTEGER, state TEXT, why TEXT, organization TEXT, workspace TEXT, planned INTEGER, lines INTEGER, next_seq INTEGER, priority INTEGER, share INTEGER",
		"id", nil,
		func(j *store.Job) []any {
			return []any{&j.ID, &j.Epoch, &j.Runs, &j.State, &j.Why, &j.Organization, &j.Workspace, (*flag)(&j.Planned), &j.Lines, &j.NextSeq, &j.Priority, &j.Share}
		},
	}
	limits = table[store.Limit]{
		"queue_limit", "organization TEXT, requests INTEGER, lowered INTEGER, until INTEGER",
		"organization", nil,
		func(l *store.Limit) []any {
			return []any{&l.Organization, &l.Requests, &l.Lowered, (*moment)(&l.Until)}
		},
	}
	batches = table[store.Batch]{
		"batch", "job TEXT, seq INTEGER, round INTEGER, state TEXT, first_line INTEGER, start_offset INTEGER, end_offset INTEGER, line_list TEXT, requests INTEGER, bytes INTEGER, sha256 TEXT, hash_state TEXT, " +
			"attempt INTEGER, not_before INTEGER, failures INTEGER, batch_id TEXT, created INTEGER, ended_at INTEGER, " +
			"part_name TEXT, part_bytes INTEGER, part_sha256 TEXT, part_lines INTEGER, again_name TEXT, again_bytes INTEGER, again_sha256 TEXT, again_lines INTEGER, cut INTEGER, tries INTEGER, " +
			"after_seq INTEGER, skip_list TEXT, estimate TEXT, reserved INTEGER",
		"job, seq", []string{"job, state, seq"},
		func(b *store.Batch) []any {
			return []any{
				&b.Job, &b.Seq, &b.Round, &b.State, &b.First, &b.Offset, &b.End, &b.Lines, &b.Requests, &b.Bytes, &b.SHA256, &b.HashState,
				&b.Attempt, (*moment)(&b.NotBefore), &b.Failures, &b.BatchID, (*moment)(&b.Created), (*moment)(&b.EndedAt),
				&b.Part.Name, &b.Part.Bytes, &b.Part.SHA256, &b.Part.Lines, &b.Again.Name, &b.Again.Bytes, &b.Again.SHA256, &b.Again.Lines, (*flag)(&b.Cut), &b.Tries,
				&b.After, &b.Skip, &b.Estimate, &b.Reserved,
			}
		},
	}
	attempts = table[store.Attempt]{
		"attempt", "job TEXT, seq INTEGER, n INTEGER, nonce TEXT, owner TEXT, lease INTEGER, intent INTEGER, fenced INTEGER, outcome TEXT, watermark BLOB, " +
			"waited INTEGER, empty_lists INTEGER, last_empty INTEGER, closed INTEGER, candidates TEXT",
		"job, seq, n", []string{"job, seq, nonce"},
		func(a *store.Attempt) []any {
			return []any{
				&a.Job, &a.Seq, &a.N, &a.Nonce, &a.Owner, (*moment)(&a.Lease), (*moment)(&a.Intent), (*moment)(&a.Fenced), &a.Outcome, &a.Watermark,
				&a.Waited, &a.EmptyLists, &a.LastEmpty, (*flag)(&a.Closed), (*names)(&a.Candidates),
			}
		},
	}
	created = table[store.Created]{
		"created", "batch_id TEXT, job TEXT, seq INTEGER, attempt INTEGER, role TEXT, proven INTEGER, named INTEGER, requests INTEGER, ended INTEGER, canceled INTEGER, collected INTEGER, " +
			"created_at INTEGER, used TEXT, spent INTEGER",
		"batch_id", []string{"job, seq", "job, role, batch_id"},
		func(c *store.Created) []any {
			return []any{
				&c.BatchID, &c.Job, &c.Seq, &c.Attempt, &c.Role, (*flag)(&c.Proven), (*flag)(&c.Named), &c.Requests, (*flag)(&c.Ended), (*flag)(&c.Canceled), (*flag)(&c.Collected),
				(*moment)(&c.At), &c.Usage, &c.Spent,
			}
		},
	}
	commands = table[store.Command]{
		"command", "id INTEGER, job TEXT, what TEXT, issuer TEXT, at INTEGER",
		"id", []string{"job, id"},
		func(c *store.Command) []any { return []any{&c.ID, &c.Job, &c.What, &c.By, (*moment)(&c.At)} },
	}
	events = table[store.Event]{
		"event", "id INTEGER, job TEXT, at INTEGER, kind TEXT, seq INTEGER, attempt INTEGER, batch_id TEXT, text TEXT",
		"id", []string{"job, id"},
		func(e *store.Event) []any {
			return []any{&e.ID, &e.Job, (*moment)(&e.At), &e.Kind, &e.Seq, &e.Attempt, &e.BatchID, &e.Text}
		},
	}
)

// Schema returns the statements that create the tables.
func (d Dialect) Schema() string {
	return jobs.schema(d) + limits.schema(d) + batches.schema(d) + attempts.schema(d) + created.schema(d) + commands.schema(d) + events.schema(d)
}

func (t table[V]) schema(d Dialect) string {
	var columns []string
	for column := range strings.SplitSeq(t.columns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		switch {
		case name == t.key && kind == "INTEGER":
			kind = d.Serial
		case kind == "INTEGER":
			kind = d.Integer
		case kind == "TEXT":
			kind = d.Text
		case kind == "BLOB":
			kind = d.Blob
		}
		columns = append(columns, name+" "+kind+" NOT NULL")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "CREATE TABLE %s (%s, PRIMARY KEY (%s))%s;\n", t.name, strings.Join(columns, ", "), t.key, d.Table)
	for i, index := range t.indexes {
		fmt.Fprintf(&text, "CREATE INDEX %s_%d ON %s (%s);\n", t.name, i, t.name, index)
	}
	return text.String()
}

// columnNames returns the names of the columns, without types.
func (t table[V]) columnNames() []string {
	var all []string
	for column := range strings.SplitSeq(t.columns, ", ") {
		name, _, _ := strings.Cut(column, " ")
		all = append(all, name)
	}
	return all
}

// choose returns the rows that match a condition. Order and limit are optional: "" and 0 mean none.
func (t table[V]) choose(in *Tx, condition, order string, limit int, args ...any) ([]*V, error) {
	statement := "SELECT " + strings.Join(t.columnNames(), ", ") + " FROM " + t.name + " WHERE " + condition
	if order != "" {
		statement += " ORDER BY " + order
	}
	if limit > 0 {
		statement += " LIMIT " + strconv.Itoa(limit)
	}
	if in.Locks {
		statement += in.Dialect.Lock
	}
	rows, err := in.Conn.Query(in.Ctx, statement, args...)
	if err != nil {
		return nil, t.failed(err)
	}
	defer func() { _ = rows.Close() }() // Err has the error
	var all []*V
	for rows.Next() {
		row := new(V)
		if err := rows.Scan(t.fields(row)...); err != nil {
			return nil, t.failed(err)
		}
		all = append(all, row)
	}
	return all, t.failed(rows.Err())
}

// get returns the first row, in an order, that matches a condition.
func (t table[V]) get(in *Tx, condition, order string, args ...any) (*V, error) {
	all, err := t.choose(in, condition, order, 1, args...)
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// put writes a row.
func (t table[V]) put(in *Tx, row *V) error {
	columns := t.columnNames()
	var set []string
	for _, name := range columns {
		set = append(set, name+" = excluded."+name)
	}
	return t.failed(in.Conn.Exec(in.Ctx, "INSERT INTO "+t.name+" ("+strings.Join(columns, ", ")+") VALUES ("+marks(1, len(columns))+
		") ON CONFLICT ("+t.key+") DO UPDATE SET "+strings.Join(set, ", "), t.fields(row)...))
}

// add writes a new row. The database assigns a number to its first column.
func (t table[V]) add(in *Tx, row *V) error {
	columns, fields := t.columnNames(), t.fields(row)
	return t.failed(in.one("INSERT INTO "+t.name+" ("+strings.Join(columns[1:], ", ")+") VALUES ("+marks(1, len(columns)-1)+") RETURNING "+columns[0],
		fields[1:], fields[0]))
}

func (t table[V]) remove(in *Tx, condition string, args ...any) error {
	return t.failed(in.Conn.Exec(in.Ctx, "DELETE FROM "+t.name+" WHERE "+condition, args...))
}

func (t table[V]) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("database, table %s: %w", t.name, err)
}

// marks returns n placeholders, beginning with number from. SQLite supports this form too.
func marks(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, "$"+strconv.Itoa(from+i))
	}
	return strings.Join(all, ", ")
}

// A flag is a bool as 0 or 1.
type flag bool

// Value implements driver.Valuer.
func (f *flag) Value() (driver.Value, error) {
	if *f {
		return int64(1), nil
	}
	return int64(0), nil
}

// Scan implements sql.Scanner.
func (f *flag) Scan(from any) error {
	n, ok := from.(int64)
	if !ok {
		return fmt.Errorf("want int64 for a flag, got %T", from)
	}
	*f = n != 0
	return nil
}

// A moment is a time as nanoseconds since 1970; the zero time is 0.
type moment time.Time

// Value implements driver.Valuer.
func (m *moment) Value() (driver.Value, error) {
	if time.Time(*m).IsZero() {
		return int64(0), nil
	}
	return time.Time(*m).UnixNano(), nil
}

// Scan implements sql.Scanner.
func (m *moment) Scan(from any) error {
	n, ok := from.(int64)
	if !ok {
		return fmt.Errorf("want int64 for a time, got %T", from)
	}
	*m = moment{}
	if n != 0 {
		*m = moment(time.Unix(0, n))
	}
	return nil
}

// names are strings as a JSON array.
type names []string

// Value implements driver.Valuer.
func (n *names) Value() (driver.Value, error) {
	if len(*n) == 0 {
		return "", nil
	}
	text, err := json.Marshal([]string(*n))
	return string(text), err
}

// Scan implements sql.Scanner.
func (n *names) Scan(from any) error {
	text, ok := from.(string)
	if !ok {
		return fmt.Errorf("want string for a list, got %T", from)
	}
	*n = nil
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*[]string)(n))
}
