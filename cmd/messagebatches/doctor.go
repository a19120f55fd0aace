package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/doctor"
)

const doctorLong = `Finds out why calls to the service fail. It checks each of these, and says what is wrong and how to
fix it:

  credential  from the environment, a profile or --key-file; it is never shown
  base URL    ANTHROPIC_BASE_URL, or https://api.anthropic.com
  proxy       HTTPS_PROXY, HTTP_PROXY and NO_PROXY
  connection  host name, port, TLS and certificate
  clock       the clock of this machine, compared with the server's
  access      whether the service accepts the credential

It sends two requests, one of them without the credential, and lists at most one batch. That costs
nothing.

Exit status: 0 if there are no errors (there may be warnings), 1 if a check fails.`

const doctorExample = `  messagebatches doctor
  messagebatches doctor --key-file key.txt --json`

func newDoctor(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "doctor", Short: "Find out why calls to the service fail", Args: noArguments,
		Long: doctorLong, Example: doctorExample,
	}
	var service serviceFlags
	service.add(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), service) }
	return c
}

func (a *app) doctor(ctx context.Context, service serviceFlags) error {
	o := doctor.Options{Getenv: os.Getenv, From: service.keyFile}
	if service.keyFile != "" {
		key, err := readKey(service.keyFile)
		if err != nil {
			return fmt.Errorf("--key-file: %w", err)
		}
		o.Client = append(o.Client, client.WithAPIKey(key))
	}
	checks := doctor.Run(ctx, o)
	status := cli.OK
	for _, c := range checks {
		if c.State == doctor.Wrong {
			status = cli.Issues
		}
	}
	if a.json {
		err := a.WriteJSON(struct {
			OK     bool           `json:"ok"`
			Checks []doctor.Check `json:"checks"`
		}{status == cli.OK, checks})
		if err != nil {
			return err
		}
		return cli.Exit(status)
	}
	for _, c := range checks {
		state := fmt.Sprintf("%-7s", c.State)
		if color := map[doctor.State]string{doctor.OK: "\x1b[32m", doctor.Warning: "\x1b[33m", doctor.Wrong: "\x1b[31m"}[c.State]; a.Color && color != "" {
			state = color + state + "\x1b[0m"
		}
		fmt.Fprintf(a.Out, "%s  %-10s  %s\n", state, c.Name, cli.Visible(c.Found))
		if c.Todo != "" {
			fmt.Fprintf(a.Out, "%21sto do: %s\n", "", cli.Visible(c.Todo))
		}
	}
	return cli.Exit(status)
}
