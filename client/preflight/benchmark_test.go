package preflight_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// BenchmarkCheckLines checks a file of 100,000 requests with about 240 MB and compares with what a program would do
// without this package: decode each line and validate it with VisitJSON. That is so slow that it gets only a part of
// the requests. The two run alternately, and the ratio is the median over all turns, so that other work on the machine
// does not count.
func BenchmarkCheckLines(b *testing.B) {
	const (
		requests = 100_000
		turns    = 20
		checked  = requests / turns // per turn
		visited  = checked / 50
	)
	checkLines(b, generate(100)) // compiles the contract
	visitLines(b, generate(100))
	var peak uint64
	var ratios []float64
	for b.Loop() {
		file := generate(requests)
		file.onRead = func() { peak = max(peak, heap()) }
		start := time.Now()
		bytes := checkLines(b, file).Bytes
		seconds := time.Since(start).Seconds()
		b.ReportMetric(requests/seconds, "requests/s")
		b.ReportMetric(float64(bytes)/1e6/seconds, "MB/s")
		for turn := range turns {
			start := time.Now()
			checkLines(b, &generator{left: checked, next: checked * turn})
			checking := time.Since(start).Seconds() / checked
			start = time.Now()
			visitLines(b, &generator{left: visited, next: checked * turn})
			visiting := time.Since(start).Seconds() / visited
			ratios = append(ratios, visiting/checking)
		}
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	b.ReportMetric(ratio, "x-VisitJSON")
	b.ReportMetric(0, "ns/op")                                 // meaningless here
	fmt.Printf("\nRATIO preflight-lines %.1f >= 6.5\n", ratio) // 13 with only the schemas
}

func checkLines(b *testing.B, g *generator) *preflight.Report {
	report, err := preflight.CheckLines(g, preflight.Options{})
	if err != nil || len(report.Issues) > 0 {
		b.Fatal(report.Issues, err)
	}
	return report
}

func visitLines(b *testing.B, g *generator) {
	schema := contract.LoadForChecks().Components.Schemas[requestComponent].Value
	for lines := bufio.NewScanner(g); lines.Scan(); {
		var v any
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			b.Fatal(err)
		}
		if err := schema.VisitJSON(v); err != nil {
			b.Fatal(err)
		}
	}
}

// heap returns the bytes of the heap that are in use or not yet swept.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
