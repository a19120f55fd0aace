# Everything that can be done with this repository. CI calls these targets and nothing else.
# [n min] is the budget of a target on a machine with 2 cores and no caches; CI has 40 minutes.

GOLANGCI   = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VULNCHECK  = golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GORELEASER = github.com/goreleaser/goreleaser/v2@v2.17.0
OASDIFF    = github.com/oasdiff/oasdiff@v1.36.0
FUZZTIME  ?= 5s
SEEDS     ?= 100000
BASE      ?= HEAD
PAGE       = $(CURDIR)/cmd/messagebatches/page
GATES     ?= redocly,openapi-typescript,hey-api,prism,ajv,inventory,oapi-codegen
MODULES    = aws cmd conformance cookbook jobs jobs/bucket jobs/river otel
RACE       = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
TEST       = go test -timeout 45m

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets and their budgets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## send a batch to a fake service and print its results [1 min]
	go run ./examples/quickstart

.PHONY: test
test: contract test-root test-cmd test-jobs test-aws test-otel test-cookbook test-conformance ## run the tests of all modules, with the race detector except for the contract and the official SDK [24 min]
	@echo "make test leaves out:"
	@test -n "$(RACE)" || echo "  the race detector, which needs a C compiler"
	@echo "  fuzzing and 99,000 of 100,000 simulated batches: make fuzz sim, longer in make nightly"
	@echo "  most pairs of crashes, most states of jobs, 1,980 of 2,000 kills, and the mutants of jobs: make nightly"
	@echo "  the official TypeScript SDK, which needs node: make conformance-typescript"
	@echo "  jobs on many machines, which need PostgreSQL: make test-postgres"
	@echo "  pages in a browser, which need Chromium: make test-browser"
	@echo "  measurements beside the official SDK and of durable jobs, which need a quiet machine: make bench mem mem-jobs footprint"

.PHONY: test-root
test-root: ## run the tests of the root module, and a release of all modules to a proxy [10 min]
	GOWORK=off $(TEST) $(RACE) ./...
	GOWORK=off $(TEST) -run '^TestMemory|^TestSimulationOfADay' ./client ./client/preflight ./client/batchtest

.PHONY: test-cmd
test-cmd: ## run the tests of the command [1 min]
	cd cmd && $(TEST) $(RACE) ./...

.PHONY: test-browser
test-browser: ## run the tests of pages in a headless Chromium, Debian's or the one of CHROMIUM [3 min]
	.ci/chromium $(MAKE) test-pages

.PHONY: test-pages
test-pages:
	cd cmd && $(TEST) -count=1 $(RACE) -run "^TestBrowser" ./internal/browsertest ./internal/report ./internal/view

.PHONY: test-jobs
test-jobs: ## run the tests of durable jobs, some of them without the race detector, which would make them slow [9 min]
	cd jobs && JOBS_SEEDS=30 JOBS_CRASH_PAIRS=60 JOBS_EXPLORE=2 $(TEST) $(RACE) ./...
	cd jobs/bucket && $(TEST) $(RACE) ./...
	cd jobs && $(TEST) -run '^TestCrashTwice$$|^TestSimulation$$|^TestExplore$$' .

.PHONY: test-portable
test-portable: ## vet all modules and run the tests of the client and the command, on any system, without the race detector [10 min]
	go vet ./... $(MODULES:%=./%/...)
	GOWORK=off go test -short ./client/... ./gen/... ./internal/...
	cd jobs && go test -short ./sqlite/... ./store/... ./price/...
	cd cmd && go test -short ./...

.PHONY: test-postgres
test-postgres: ## run the tests of jobs on many machines, with Debian's PostgreSQL or the one of DATABASE_URL [4 min]
	.ci/postgres $(MAKE) test-river

.PHONY: test-river
test-river:
	cd jobs/river && $(TEST) -p 1 $(RACE) ./...
	cd cmd && $(TEST) -run '^TestShared' $(RACE) ./messagebatches

.PHONY: test-aws
test-aws: ## run the tests of AWS signatures [1 min]
	cd aws && $(TEST) $(RACE) ./...

.PHONY: test-otel
test-otel: ## run the tests of the spans and metrics of OpenTelemetry [1 min]
	cd otel && $(TEST) $(RACE) ./...

.PHONY: test-cookbook
test-cookbook: ## run the programs of the cookbook with the fake service, and kill some of them [1 min]
	cd cookbook && $(TEST) $(RACE) ./...

.PHONY: test-conformance
test-conformance: ## run the tests against the official SDK [2 min]
	cd conformance && $(TEST) ./...

.PHONY: conformance-typescript
conformance-typescript: ## run the official TypeScript SDK against the fake service, if there is node [2 min]
	@conformance/typescript/run.sh

.PHONY: live
live: ## run a script against the real service, with ANTHROPIC_API_KEY; prints its price, asks, and writes docs/live-DATE.md [1 hour]
	@cd conformance && go run ./cmd/live -dir ../docs $(LIVE)

.PHONY: drift
drift: ## compare the contract with the official SDK [1 min]
	@cd conformance && go run ./cmd/drift

.PHONY: drift-pin
drift-pin: ## move to VERSION of the official Go SDK, and TYPESCRIPT of the other, by default the newest [3 min]
	@conformance/pin.sh "$(VERSION)" $(TYPESCRIPT)

.PHONY: contract
contract: ## check openapi.yaml: its rules, its examples, and the facts in internal/contract/testdata [1 min]
	GOWORK=off $(TEST) -run '^TestContract' ./internal/contract

.PHONY: generate
generate: ## write all generated files, such as gen/ and client/preflight/RULES.md, from openapi.yaml [1 min]
	GOWORK=off go generate ./...

.PHONY: check-generate
check-generate: ## fail if a generated file is not up to date with openapi.yaml and the templates [1 min]
	GOWORK=off $(TEST) -count=1 -run 'TestGeneratedCodeIsCurrent|TestOverridesAreInForce|TestCopyIsCurrent' ./gen ./internal/contract

.PHONY: contract-foreign
contract-foreign: ## run other tools on openapi.yaml: linters, generators, a mock, a validator [3 min]
	@cd conformance && go run ./cmd/foreign -gate $(GATES)

.PHONY: contract-html
contract-html: ## write openapi.yaml as a web page, bin/contract.html [1 min]
	@mkdir -p bin
	go run ./cmd/messagebatches contract --html >bin/contract.html

.PHONY: contract-page
contract-page: ## update the page's script to the version of Redoc that conformance/foreign/package.json pins [1 min]
	cd conformance/foreign && npm ci
	cd conformance/foreign/node_modules && gzip -9nc redoc/bundles/redoc.standalone.js >$(PAGE)/redoc.js.gz && \
		cat redoc/LICENSE redoc/bundles/redoc.standalone.js.LICENSE.txt dompurify/LICENSE >$(PAGE)/LICENSES.txt

.PHONY: contract-diff
contract-diff: ## print the changes of the contract since BASE (a git revision), and mark breaking ones [1 min]
	@test -n "$(BASE)" && git cat-file -e "$(BASE):openapi.yaml" || { echo "BASE must be a commit, a branch or a tag that has openapi.yaml; git tag lists the versions" >&2; exit 1; }
	go run $(OASDIFF) changelog --allow-external-refs=false $(BASE):openapi.yaml openapi.yaml

.PHONY: fmt
fmt: ## format the Go code [1 min]
	gofmt -w $$(git ls-files '*.go')

.PHONY: tidy
tidy: ## tidy the go.mod of each module [1 min]
	GOWORK=off go mod tidy
	@for module in $(MODULES); do .ci/standalone $$module go mod tidy || exit 1; done

.PHONY: lint
lint: ## check format, go.mod files, vet (also for Windows), staticcheck and the other linters that .golangci.yml lists [8 min]
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee -a /dev/stderr)" || { echo "not formatted: run make fmt" >&2; exit 1; }
	@GOWORK=off go mod tidy -diff || { echo "not tidy: run make tidy" >&2; exit 1; }
	@for module in $(MODULES); do \
		.ci/standalone $$module go mod tidy -diff || { echo "$$module is not tidy: run make tidy" >&2; exit 1; }; done
	GOOS=windows go vet ./... $(MODULES:%=./%/...)
	go run $(GOLANGCI) run ./... $(MODULES:%=./%/...)

.PHONY: circles
circles: ## print the files of the client's packages that use each other, and the names that they use [1 min]
	@go run ./internal/repotest/cmd/circles ./client ./client/batchtest ./client/bulk ./client/messages ./client/preflight

.PHONY: vuln
vuln: ## look for known vulnerabilities in the code that the modules call, if the database can be reached [2 min]
	@.ci/vuln $(VULNCHECK) . $(MODULES)

.PHONY: fuzz
fuzz: ## fuzz each decoder and parser for FUZZTIME [4 min]
	@git grep -o '^func Fuzz[A-Za-z0-9]*' -- '*_test.go' | sed 's|/[^/]*:func | |' | while read -r dir name; do \
		echo "$$dir $$name"; \
		(cd $$dir && go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x . </dev/null) || exit 1; done

.PHONY: sim
sim: ## simulate SEEDS batches with a service that fails at random (make test: 1,000) [5 min]
	GOWORK=off go test -count=1 -timeout 0 ./client -run '^TestSimulation$$' -seeds $(SEEDS)

.PHONY: bench-preflight
bench-preflight: ## check 100,000 requests, and compare with VisitJSON on the same lines [2 min]
	GOWORK=off go test -run '^$$' -bench CheckLines -benchtime 1x ./client/preflight

.PHONY: bench
bench: ## measure speed beside the official SDK, in one run [5 min]
	cd conformance && go run ./cmd/bench

.PHONY: mem
mem: ## measure the memory of large batches, beside the official SDK's [5 min]
	cd conformance && go run ./cmd/mem

.PHONY: mem-jobs
mem-jobs: ## measure the memory of a durable job of 5 million requests, from its plan to its proof, on 15 GB of disk [10 min]
	cd conformance && go run ./cmd/mem -job 5000000

.PHONY: footprint
footprint: ## measure the cost for importers: build time, binary size, linked packages [5 min]
	.ci/standalone conformance go run ./cmd/footprint

.PHONY: release-check
release-check: ## check the workflows and .goreleaser.yaml, and build the command's binaries into dist/ [15 min]
	go run $(ACTIONLINT) .github/workflows/*.yml
	go run $(GORELEASER) check
	go run $(GORELEASER) release --snapshot --clean

.PHONY: release-binaries
release-binaries: ## publish the command's binaries, for the release workflow [15 min]
	go run $(GORELEASER) release --clean

.PHONY: verify
verify: lint check-generate contract-foreign conformance-typescript vuln demo ## all checks that are not tests, and not random [15 min]

.PHONY: ci
ci: test test-postgres test-browser verify ## everything that CI does [40 min]

.PHONY: nightly
nightly: ## what takes longer: many simulated batches, long fuzzing, 5 million requests to the fake, crashes of jobs, memory [360 min]
	$(MAKE) sim SEEDS=1000000
	GOWORK=off go test -count=1 -timeout 0 ./client -run '^TestSimulationOfADay$$' -days 50
	$(MAKE) fuzz FUZZTIME=3m
	GOWORK=off go test -count=1 -timeout 0 ./client/batchtest -run '^TestMemoryOfManyRequests$$' -requests 5000000
	cd jobs && JOBS_SEEDS=30000 JOBS_CRASH_PAIRS=all JOBS_EXPLORE=2000 JOBS_MUTANTS=1 GOMEMLIMIT=6GiB go test -count=1 -timeout 0 .
	cd cmd && MESSAGEBATCHES_KILLS=2000 go test -count=1 -timeout 0 -run '^TestRunKilled$$' ./messagebatches
	$(MAKE) mem mem-jobs
