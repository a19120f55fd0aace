// Package cmd documents the module of the commands, which has dependencies that programs should not get from the root
// module. Install the command with
//
//	go install github.com/seed-111a911e/messagebatches/cmd/messagebatches@latest
package cmd
