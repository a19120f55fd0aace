package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// serviceFlags are the flags of commands that call the service.
type serviceFlags struct{ keyFile string }

func (f *serviceFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.keyFile, "key-file", "", "`file` with the API key (default: from the environment, such as ANTHROPIC_API_KEY)")
}

// client returns a client with the credential from the file or the environment.
func (f *serviceFlags) client(options ...client.Option) (*client.Client, error) {
	if f.keyFile != "" {
		key, err := readKey(f.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--key-file: %w", err)
		}
		options = append(options, client.WithAPIKey(key))
	}
	c, err := client.New(options...)
	if err != nil && strings.Contains(err.Error(), "no credential:") {
		err = cli.Wrong("there is no API key: set ANTHROPIC_API_KEY, or name a file that holds it with --key-file")
	}
	return c, err
}

// readKey reads a file that holds only a key. A name that is itself a key is not shown in the error.
func readKey(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil && strings.HasPrefix(name, "sk-") {
		return "", cli.Wrong("the value is a key, not the name of a file that holds one: other users can read the command line")
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("%s must hold one API key and nothing else", name)
	}
	return key, nil
}
