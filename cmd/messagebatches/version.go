package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version", Args: noArguments,
		Long:    "Shows the version of the program, and the Go version and commit that it was built from.\n\nExit status: 0.",
		Example: "  messagebatches version\n  messagebatches version --json",
		RunE: func(*cobra.Command, []string) error {
			v := readVersion(debug.ReadBuildInfo())
			if a.json {
				return a.WriteJSON(v)
			}
			_, err := fmt.Fprintln(a.Out, v)
			return err
		},
	}
}

// A version describes what a binary was built from.
type version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// String returns the version as one line.
func (v version) String() string {
	text := "messagebatches " + v.Version
	if v.Commit != "" {
		text += " (" + v.Commit + ")"
	}
	return text + ", " + v.Go + ", " + v.Platform
}

func readVersion(info *debug.BuildInfo, ok bool) version {
	v := version{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return v
	}
	if v.Version = info.Main.Version; v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value + v.Commit
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Commit += ", modified"
		}
	}
	return v
}
