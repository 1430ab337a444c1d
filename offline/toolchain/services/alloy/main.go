// Grafana Alloy's engine with its components for the logs of Docker containers, and no others. The whole program has
// components for a hundred other sources and takes a long time to build; one of the modules that it needs is to be had nowhere.
//
//	alloy run [--server.http.listen-addr=ADDRESS] [--storage.path=FOLDER] FILE
//	alloy validate FILE
//
// Commands and flags are those of the official program.
package main

import (
	"errors"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/grafana/alloy/internal/build"
	"github.com/grafana/alloy/internal/validator"
)

// How long a component may take to stop.
const stopDeadline = 20 * time.Second

func main() {
	prometheus.MustRegister(build.NewCollector("alloy"))
	root := &cobra.Command{Use: "alloy", Version: build.Version, SilenceUsage: true}
	root.AddCommand(runCommand(), validateCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
}

func runCommand() *cobra.Command {
	var address, storage string
	var disableReporting bool
	command := &cobra.Command{
		Use:  "run FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return run(command.Context(), args[0], address, storage)
		},
	}
	command.Flags().StringVar(&address, "server.http.listen-addr", "127.0.0.1:12345", "where /metrics and /-/ready are served")
	command.Flags().StringVar(&storage, "storage.path", "data-alloy/", "folder for what components keep")
	command.Flags().BoolVar(&disableReporting, "disable-reporting", false, "nothing is ever reported by this build")
	return command
}

func validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "validate FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			sources := map[string][]byte{args[0]: text}
			if err := validate(sources); err != nil {
				validator.Report(os.Stderr, err, sources)
				return errors.New("validation failed")
			}
			return nil
		},
	}
}
