package batchtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// WithInspector adds endpoints with which tests in any language inspect and change the service, without a credential.
// Responses are JSON; the response to an invalid call is a 400 in plain text.
//
//	GET  /fake/stats                               see Stats
//	GET  /fake/accepted?custom_id=a&least=2        see Service.Accepted; only this custom id, if accepted at least this often
//	GET  /fake/batches                             all batches, with organization and workspace
//	GET  /fake/requests?batch_id=b                 see Service.Requests
//	POST /fake/inject?op=create&fault=lost         see Service.Inject; the next call of this operation meets the fault
//	POST /fake/stop-faults                         see Service.StopFaults
//	POST /fake/advance?by=1h                       see Service.Advance
//	POST /fake/revoke-key                          see Service.RevokeKey; the key is the header x-api-key
//	POST /fake/seed?requests=3&created_at=t        see Service.Seed
//	POST /fake/seed?like=b&created_at=t            see Service.SeedLike
func WithInspector() Option { return func(s *Service) { s.inspected = true } }

// inspector returns the handler of these endpoints.
func (s *Service) inspector() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, handle func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			value, err := handle(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("content-type", "application/json")
			_ = json.NewEncoder(w).Encode(value) // the caller may have gone
		})
	}
	route("GET /fake/stats", func(*http.Request) (any, error) { return s.Stats(), nil })
	route("GET /fake/accepted", s.inspectAccepted)
	route("GET /fake/batches", func(*http.Request) (any, error) { return s.inspectBatches(), nil })
	route("GET /fake/requests", s.inspectRequests)
	route("POST /fake/inject", s.inspectInject)
	route("POST /fake/stop-faults", func(*http.Request) (any, error) {
		s.StopFaults()
		return done{}, nil
	})
	route("POST /fake/advance", func(r *http.Request) (any, error) {
		d, err := time.ParseDuration(r.URL.Query().Get("by"))
		if err == nil {
			s.Advance(d)
		}
		return done{}, err
	})
	route("POST /fake/revoke-key", func(r *http.Request) (any, error) {
		s.RevokeKey(r.Header.Get("x-api-key")) // in a URL it would be logged
		return done{}, nil
	})
	route("POST /fake/seed", s.inspectSeed)
	return mux
}

// done is the response of a call that changes the service.
type done struct{}

func (s *Service) inspectAccepted(r *http.Request) (any, error) {
	query := r.URL.Query().Get
	least := 0
	if text := query("least"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		least = n
	}
	accepted := s.Accepted()
	maps.DeleteFunc(accepted, func(customID string, ids []string) bool {
		return query("custom_id") != "" && customID != query("custom_id") || len(ids) < least
	})
	return accepted, nil
}

// inspectBatches returns the batches with their organizations and workspaces.
func (s *Service) inspectBatches() []any {
	type owned struct {
		Organization string         `json:"organization"`
		Workspace    string         `json:"workspace"`
		Batch        jsontext.Value `json:"batch"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.batches.settle(now)
	all := []any{}
	for _, b := range s.batches.all {
		if !b.deleted() {
			state := b.batch(now, s.url)
			text, _ := state.MarshalJSON()
			all = append(all, owned{b.Organization, b.Workspace, text})
		}
	}
	return all
}

func (s *Service) inspectRequests(r *http.Request) (any, error) {
	query := r.URL.Query().Get
	type shown struct {
		CustomID string         `json:"custom_id"`
		Params   jsontext.Value `json:"params"`
	}
	all := []shown{}
	for _, r := range s.Requests(query("batch_id")) {
		all = append(all, shown{r.CustomID, r.Raw})
	}
	return all, nil
}

func (s *Service) inspectInject(r *http.Request) (any, error) {
	query := r.URL.Query().Get
	op, name := Op(query("op")), query("fault")
	f, ok := namedFault(name)
	if !ok || !slices.Contains(f.Ops, op) {
		return nil, fmt.Errorf("there is no fault %q of the operation %q", name, op)
	}
	s.Inject(op, f.meet)
	return done{}, nil
}

func (s *Service) inspectSeed(r *http.Request) (any, error) {
	query := r.URL.Query().Get
	var createdAt time.Time
	if text := query("created_at"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		createdAt = t
	}
	if like := query("like"); like != "" {
		if !slices.ContainsFunc(s.Batches(), func(b gen.BetaMessageBatch) bool { return b.ID == like }) {
			return nil, fmt.Errorf("there is no batch %q", like)
		}
		b := s.SeedLike(like, createdAt)
		return &b, nil
	}
	n, err := strconv.Atoi(query("requests"))
	if err != nil || n < 1 {
		return nil, fmt.Errorf("requests=%s: must be a number of at least 1", query("requests"))
	}
	b := s.Seed(n, createdAt)
	return &b, nil
}
