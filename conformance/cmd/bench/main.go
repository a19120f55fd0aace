// Bench measures this project against the official SDK and against the limits of the machine. Both sides of a ratio get
// the same bytes and return the same fields, in one process, alternately, for several rounds. The median of the rounds'
// ratios counts, because machines are noisy.
//
// It prints a line for each workload: RATIO name value >= target, followed by other measurements.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

var (
	rounds  = flag.Int("rounds", 9, "how many rounds to measure")
	profile = flag.String("cpuprofile", "", "instead of measuring, write a CPU profile of our side of the workload to this `file`")
	pattern = flag.String("run", "", "measure only workloads whose name matches this `regexp`")
)

func main() {
	part := flag.String("child", "", "for use by the command itself")
	flag.Parse()
	if *part != "" {
		if err := children[*part](flag.Arg(0), flag.Arg(1)); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	only, err := regexp.Compile(*pattern)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ok := true
	for _, w := range slices.Concat(decodeWorkloads(), encodeWorkloads(), streamWorkloads()) {
		switch {
		case !only.MatchString(w.name):
		case *profile != "":
			if err := w.profile(*profile, *rounds); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
				os.Exit(1)
			}
		default:
			ok = w.measure(*rounds) && ok
		}
	}
	if *profile == "" && only.MatchString("job") {
		whole, err := measureDurable(min(*rounds, 5))
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		ok = ok && whole
	}
	if !ok {
		os.Exit(1)
	}
}

// A workload is work done in two ways on the same bytes.
type workload struct {
	name    string
	target  float64      // how many times faster ours should be
	against string       // the other side
	build   func() sides // makes the input
}

// sides are the two ways. Each returns a checksum of what it has read or written; the two must be equal.
type sides struct {
	bytes       int
	items       int // lines or requests in them
	ours, other func() int
	computes    bool   // they do not wait, so that processor time counts, which depends less on other programs
	ceiling     func() // an upper bound for decoders on jsontext; nil if there is none
}

const sdk = "the official SDK"

func (w workload) measure(rounds int) bool {
	s := w.build()
	if a, b := s.ours(), s.other(); a != b {
		fmt.Fprintf(os.Stderr, "bench: %s: ours returns %d, the other %d\n", w.name, a, b)
		return false
	}
	var ratios, speeds, others, ceilings []float64
	speed := func(d time.Duration) float64 { return float64(s.bytes) / 1e6 / d.Seconds() }
	for range rounds {
		ours := s.duration(func() { s.ours() })
		other := s.duration(func() { s.other() })
		ratios = append(ratios, other.Seconds()/ours.Seconds())
		speeds = append(speeds, speed(ours))
		others = append(others, speed(other))
		if s.ceiling != nil {
			ceilings = append(ceilings, speed(s.duration(s.ceiling)))
		}
	}
	ratio := median(ratios)
	fmt.Printf("RATIO %s %.2f >= %v\n", w.name, ratio, w.target)
	fmt.Printf("      %.0f MB/s, %s %.0f MB/s; %.1f allocations per item, %.1f", median(speeds), w.against, median(others), s.allocations(s.ours), s.allocations(s.other))
	if s.ceiling != nil {
		fmt.Printf("; jsontext scanning tokens %.0f MB/s", median(ceilings))
	}
	fmt.Println()
	return ratio >= w.target
}

// profile runs only our side of the work.
func (w workload) profile(name string, rounds int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s := w.build()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for range rounds {
		s.ours()
	}
	return nil
}

func (s sides) duration(f func()) time.Duration {
	runtime.GC()
	began, worked := time.Now(), cpuTime()
	f()
	if s.computes {
		return cpuTime() - worked
	}
	return time.Since(began)
}

// allocations returns how many allocations f makes per item.
func (s sides) allocations(f func() int) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(s.items)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
