// Footprint measures the cost of importing this project and of importing the official SDK: the build time with an empty
// cache, the size of the binary, and the linked packages.
//
// It prints RATIO name value <= target, where the value is ours divided by theirs. The time is measured with the
// standard library already built, which is the same for both, and again including it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var rounds = flag.Int("rounds", 1, "how often to build each")

var sides = []string{"./footprint/ours", "./footprint/theirs"}

func main() {
	flag.Parse()
	dir, err := os.MkdirTemp("", "footprint-")
	if err == nil {
		err = run(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "footprint:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	// The parts of the standard library that each side needs, so that neither pays for the other's.
	std := filepath.Join(dir, "std")
	out, err := exec.Command("go", append([]string{"list", "-deps", "-f", "{{if .Standard}}{{.ImportPath}}{{end}}"}, sides...)...).Output()
	if err != nil {
		return err
	}
	library := strings.Fields(string(out))
	library = slices.DeleteFunc(library, func(p string) bool { return p == "unsafe" })
	if err := build(std, filepath.Join(dir, "discard"), library...); err != nil {
		return err
	}
	var warm, cold, ratios [2][]float64
	var size [2]int64
	for range *rounds {
		for i, side := range sides {
			binary := filepath.Join(dir, fmt.Sprint("binary", i))
			cache := filepath.Join(dir, "cache")
			if err := os.CopyFS(cache, os.DirFS(std)); err != nil {
				return err
			}
			d, err := timed(cache, binary, side)
			if err != nil {
				return err
			}
			warm[i] = append(warm[i], d)
			if d, err = timed(cache, binary, side); err != nil { // timed has removed the cache
				return err
			}
			cold[i] = append(cold[i], d)
			info, err := os.Stat(binary)
			if err != nil {
				return err
			}
			size[i] = info.Size()
		}
		ratios[0] = append(ratios[0], last(warm[0])/last(warm[1]))
		ratios[1] = append(ratios[1], last(cold[0])/last(cold[1]))
	}
	ok := ratio("build", median(ratios[0]), 0.3)
	fmt.Printf("      %.1f s, the official SDK %.1f s, with the standard library already built\n", median(warm[0]), median(warm[1]))
	fmt.Printf("      %.1f s, the official SDK %.1f s including it, a ratio of %.2f\n", median(cold[0]), median(cold[1]), median(ratios[1]))
	ok = ratio("binary", float64(size[0])/float64(size[1]), 0.7) && ok
	fmt.Printf("      %.1f MB, the official SDK %.1f MB\n", float64(size[0])/1e6, float64(size[1])/1e6)
	for i, name := range []string{"ours", "the official SDK"} {
		packages, err := linked(sides[i])
		if err != nil {
			return err
		}
		fmt.Printf("%s links %d packages that are neither the standard library's nor its own:\n", name, len(packages))
		for _, p := range packages {
			fmt.Println("     ", p)
		}
	}
	if !ok {
		os.Exit(1)
	}
	return nil
}

func ratio(name string, value, target float64) bool {
	fmt.Printf("RATIO footprint-%s %.2f <= %v\n", name, value, target)
	return value <= target
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }

func last(x []float64) float64 { return x[len(x)-1] }

// timed builds a program, removes the cache, and returns how many seconds the build took.
func timed(cache, binary, program string) (float64, error) {
	began := time.Now()
	err := build(cache, binary, program)
	took := time.Since(began).Seconds()
	if err == nil {
		err = os.RemoveAll(cache)
	}
	return took, err
}

func build(cache, binary string, packages ...string) error {
	args := []string{"build"}
	if len(packages) == 1 {
		args = append(args, "-o", binary)
	}
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Env = append(os.Environ(), "GOCACHE="+cache)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// linked lists the third-party packages that a program links.
func linked(program string) ([]string, error) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", program).Output()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool {
		return strings.HasPrefix(p, "github.com/seed-111a911e/") || strings.HasPrefix(p, "github.com/anthropics/")
	}), nil
}
