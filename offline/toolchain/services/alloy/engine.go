package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grafana/alloy/internal/component"
	"github.com/grafana/alloy/internal/featuregate"
	"github.com/grafana/alloy/internal/runtime"
	"github.com/grafana/alloy/internal/runtime/logging"
	"github.com/grafana/alloy/internal/service"
	"github.com/grafana/alloy/internal/service/http"
	"github.com/grafana/alloy/internal/service/livedebugging"
	"github.com/grafana/alloy/internal/service/remotecfg"
	"github.com/grafana/alloy/internal/validator"

	// The components of this build.
	_ "github.com/grafana/alloy/internal/component/discovery/docker"
	_ "github.com/grafana/alloy/internal/component/discovery/relabel"
	_ "github.com/grafana/alloy/internal/component/loki/process"
	_ "github.com/grafana/alloy/internal/component/loki/source/docker"
	_ "github.com/grafana/alloy/internal/component/loki/write"
)

const stability = featuregate.StabilityGenerallyAvailable

// Runs the file until SIGTERM or SIGINT. A wrong file is an error; a server that does not answer is not.
func run(ctx context.Context, path, address, storage string) error {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer cancel()

	logger, err := logging.NewDeferred(os.Stderr)
	if err != nil {
		return err
	}
	var engine *runtime.Runtime
	load := func() error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		source, err := runtime.ParseSources(map[string][]byte{path: text})
		if err != nil {
			return err
		}
		return engine.LoadSource(source, nil, path)
	}
	// The other services ask for it; without a block in the file it does nothing.
	remote, err := remotecfg.New(remotecfg.Options{
		Logger: logger, ConfigPath: path, StoragePath: storage, Metrics: prometheus.DefaultRegisterer,
	})
	if err != nil {
		return err
	}
	web := http.New(http.Options{
		Logger:           logger,
		Gatherer:         prometheus.DefaultGatherer,
		ReadyFunc:        func() bool { return engine.Ready() },
		ReloadFunc:       load,
		HTTPListenAddr:   address,
		MemoryListenAddr: "alloy.internal:12345",
		MinStability:     stability,
		BundleContext:    http.SupportBundleContext{DisableSupportBundle: true},
	})
	engine, err = runtime.New(runtime.Options{
		Logger:               logger,
		DataPath:             storage,
		Reg:                  prometheus.DefaultRegisterer,
		MinStability:         stability,
		Services:             []service.Service{remote, web, livedebugging.New()},
		TaskShutdownDeadline: stopDeadline,
	})
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		engine.Run(ctx)
	}()
	err = load()
	if err != nil {
		cancel()
	}
	<-done
	return err
}

// What is wrong with files, as the official `alloy validate` finds it.
func validate(sources map[string][]byte) error {
	return validator.Validate(validator.Options{
		Sources: sources,
		ServiceDefinitions: []service.Definition{
			(&http.Service{}).Definition(), (&livedebugging.Service{}).Definition(), (&remotecfg.Service{}).Definition(),
		},
		ComponentRegistry: component.NewDefaultRegistry(stability, false),
		MinStability:      stability,
	})
}
