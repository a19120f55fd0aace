# Everything that can be done with this repository. CI calls these targets and nothing else.

GOLANGCI  = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
OASDIFF   = github.com/oasdiff/oasdiff@v1.36.0
FUZZTIME ?= 5s
SEEDS    ?= 100000
BASE     ?= HEAD

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## send a batch to a fake service and print its results
	go run ./examples/quickstart

.PHONY: test
test: contract ## run all tests, with the race detector
	go test -race ./...

.PHONY: test-conformance
test-conformance: ## run the tests against the official SDK, in a module of their own
	cd conformance && go test ./...

.PHONY: conformance-typescript
conformance-typescript: ## run the official TypeScript SDK against the fake service, if there is node
	@conformance/typescript/run.sh

.PHONY: drift
drift: ## compare the contract with the official SDK
	@cd conformance && go run ./cmd/drift

.PHONY: contract
contract: ## check openapi.yaml: its rules, its examples, and the facts in testdata
	go test -run '^TestContract' .

.PHONY: generate
generate: ## generate gen/ from openapi.yaml
	go generate ./...

.PHONY: check-generate
check-generate: ## fail if gen/ is not what openapi.yaml and the templates give
	go test -count=1 -run 'TestGeneratedCodeIsCurrent|TestOverridesAreInForce' .

.PHONY: contract-diff
contract-diff: ## print what changed in the contract since BASE (a git revision), breaking changes marked
	go run $(OASDIFF) changelog --allow-external-refs=false $(BASE):openapi.yaml openapi.yaml

.PHONY: fmt
fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

.PHONY: lint
lint: ## check format, vet, staticcheck and the other linters that .golangci.yml lists
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)" || { echo "not formatted: run make fmt" >&2; exit 1; }
	go run $(GOLANGCI) run ./...
	go mod tidy -diff
	cd conformance && go run $(GOLANGCI) run ./... && go mod tidy -diff

.PHONY: fuzz
fuzz: ## fuzz each decoder and parser for FUZZTIME
	go test -run '^$$' -fuzz FuzzSkip -fuzztime $(FUZZTIME) ./internal/wire
	go test -run '^$$' -fuzz FuzzWalk -fuzztime $(FUZZTIME) ./internal/wire
	go test -run '^$$' -fuzz FuzzTag -fuzztime $(FUZZTIME) ./internal/wire
	go test -run '^$$' -fuzz FuzzQuote -fuzztime $(FUZZTIME) ./internal/wire
	go test -run '^$$' -fuzz FuzzCodecs -fuzztime $(FUZZTIME) ./gen
	go test -run '^$$' -fuzz FuzzAnswers -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzMessages -fuzztime $(FUZZTIME) ./client/messages
	go test -run '^$$' -fuzz FuzzResults -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzCreateJSON -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzAgainstVisitJSON -fuzztime $(FUZZTIME) ./client/preflight
	go test -run '^$$' -fuzz FuzzCheckLines -fuzztime $(FUZZTIME) ./client/preflight
	go test -run '^$$' -fuzz FuzzRetryAfter -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzBetas -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzRateLimits -fuzztime $(FUZZTIME) ./client
	go test -run '^$$' -fuzz FuzzSplitLines -fuzztime $(FUZZTIME) ./client/bulk
	go test -run '^$$' -fuzz FuzzReadItems -fuzztime $(FUZZTIME) ./client/bulk

.PHONY: sim
sim: ## live SEEDS lives of a batch with a service that fails at random (make test lives 1,000)
	go test -count=1 -timeout 0 ./client -run '^TestSimulation$$' -seeds $(SEEDS)

.PHONY: bench-preflight
bench-preflight: ## check 100,000 requests, and compare with VisitJSON on the same lines
	go test -run '^$$' -bench CheckLines -benchtime 1x ./client/preflight

.PHONY: bench
bench: ## measure speed against the official SDK, in one run
	cd conformance && go run ./cmd/bench

.PHONY: mem
mem: ## measure the memory of large batches, beside the official SDK's
	cd conformance && go run ./cmd/mem

.PHONY: footprint
footprint: ## measure what importers pay: build time, size of the binary, packages linked
	cd conformance && go run ./cmd/footprint

.PHONY: verify
verify: lint check-generate test-conformance fuzz demo ## all checks that are not tests

.PHONY: ci
ci: test verify ## everything that CI does
