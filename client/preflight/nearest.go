package preflight

// nearest returns the one of names that was probably meant by name, or "".
func nearest(name string, names []string) string {
	best, distance := "", len(name)/4+1
	if len(name) < 3 {
		return ""
	}
	for _, n := range names {
		if d := editDistance(name, n, distance); d <= distance && (best == "" || d < distance) {
			best, distance = n, d
		}
	}
	return best
}

// editDistance returns how many insertions, deletions, replacements and swaps of neighbours turn a into b, or more
// than limit if it is more than that.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
