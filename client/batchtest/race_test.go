//go:build race

package batchtest_test

const raceDetector = true
