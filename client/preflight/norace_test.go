//go:build !race

package preflight_test

const raceDetector = false
