package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// noSuchCommand checks the arguments of a command that only groups others.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return cli.Wrong("there is no command %q%s", args[0], didYouMean(near(c.Commands(), args[0])))
}

// near returns the name of the command that is most similar to name, or an empty string.
func near(commands []*cobra.Command, name string) string {
	all := &cobra.Command{SuggestionsMinimumDistance: 2}
	all.AddCommand(commands...)
	for _, s := range all.SuggestionsFor(name) {
		return s
	}
	return ""
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", name)
}

// wrongFlag rewrites an error of flag parsing for users.
func wrongFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedShortnames()) == 0 {
		name := unknown.GetSpecifiedName()
		var flags []*cobra.Command // to search for the nearest name
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags = append(flags, &cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
			}
		})
		hint := near(flags, name)
		if hint != "" {
			hint = "--" + hint
		}
		if isCredential(name) && c.Flags().Lookup("key-file") != nil {
			return cli.Wrong("there is no flag --%s, because other users can read the command line: set ANTHROPIC_API_KEY, or name a file that holds the key with --key-file", name)
		}
		return cli.Wrong("there is no flag --%s%s", name, didYouMean(hint))
	}
	if errors.As(err, &unknown) {
		return cli.Wrong("there is no flag -%s", unknown.GetSpecifiedName())
	}
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		return wrongValue(value)
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		if short := missing.GetSpecifiedShortnames(); short != "" {
			return cli.Wrong("-%s needs a value: -%[1]s %s", missing.GetSpecifiedName(), argument(missing.GetFlag()))
		}
		return cli.Wrong("--%s needs a value: --%[1]s %s", missing.GetSpecifiedName(), argument(missing.GetFlag()))
	}
	return cli.Wrong("%w", err)
}

// isCredential reports whether the name of a flag suggests that its value is a credential.
func isCredential(name string) bool {
	return name != "key-file" && (strings.Contains(name, "key") && !strings.Contains(name, "file") || strings.Contains(name, "token") && !strings.Contains(name, "tokens") || strings.Contains(name, "secret"))
}

// argument returns the placeholder for the value of a flag in its help.
func argument(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return strings.ToUpper(name)
}

// wrongValue rewrites the error of an invalid flag value for users.
func wrongValue(err *pflag.InvalidValueError) error {
	name, value, cause := err.GetFlag().Name, err.GetValue(), errors.Unwrap(err)
	switch {
	case err.GetFlag().Value.Type() == "duration":
		return cli.Wrong("--%s: %q is not a duration, such as 90s, 5m or 2h", name, value)
	case errors.As(cause, new(*strconv.NumError)) && strings.HasPrefix(err.GetFlag().Value.Type(), "float"):
		return cli.Wrong("--%s: %q is not a number", name, value)
	case errors.As(cause, new(*strconv.NumError)):
		return cli.Wrong("--%s: %q is not a whole number", name, value)
	}
	return cli.Wrong("--%s: %w", name, cause)
}

// wrongDash returns the command, and an error if an argument is a long flag with a single dash, which would be parsed as
// several flags of one letter.
func wrongDash(root *cobra.Command, args []string) (*cobra.Command, error) {
	c, rest, err := root.Find(args)
	if err != nil {
		return c, err
	}
	c.InitDefaultHelpFlag()
	for _, arg := range rest {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		switch {
		case arg == "--":
			return c, nil
		case strings.HasPrefix(arg, "--") || !strings.HasPrefix(arg, "-") || len(name) < 2:
		case c.Flags().Lookup(name) != nil || c.InheritedFlags().Lookup(name) != nil:
			return c, cli.Wrong("there is no flag -%s: did you mean %q?", name, "--"+name)
		}
	}
	return c, nil
}

// Kinds of arguments, for errors.
const (
	fileOfRequests = "requests file"
	jobOrFile      = "requests file or job directory"
)

// one checks the arguments of a command that takes exactly one.
func one(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 && what == fileOfRequests:
			return cli.Wrong("no %s is named: give one, such as requests.jsonl", what)
		case len(args) == 0:
			return cli.Wrong("no %s is named: give one, such as requests.jsonl or requests.job", what)
		case len(args) > 1:
			return cli.Wrong("unexpected argument %q: this command takes one %s", args[1], what)
		}
		return nil
	}
}

// noArguments checks the arguments of a command that takes none.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cli.Wrong("unexpected argument %q: this command takes none", args[0])
	}
	return nil
}
