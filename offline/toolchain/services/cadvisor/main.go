// Serves what cAdvisor's own collector measures, for where the official image cannot be pulled: the command of cAdvisor is
// a module that the Go module proxy does not have, its collector is one that it has. The flags and paths that the stack
// uses are the official command's; the web pages, the REST API and the other container runtimes are not there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	// Registers the Docker Engine as a container runtime, with its flag --docker.
	_ "github.com/google/cadvisor/container/docker/install"
	"github.com/google/cadvisor/lib/cache/memory"
	"github.com/google/cadvisor/lib/container"
	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/metrics"
	"github.com/google/cadvisor/lib/model"
	"github.com/google/cadvisor/lib/utils/sysfs"
)

// How long measurements are kept in memory: Prometheus is what keeps them.
const keep = 2 * time.Minute

var (
	port        = flag.Int("port", 8080, "port to listen on")
	everyLabel  = flag.Bool("store_container_labels", true, "make every label of a container one of its metrics")
	labels      = flag.String("whitelisted_container_labels", "", "the containers' labels to keep, separated by commas, with store_container_labels=false")
	measurement = container.MetricSet{
		container.CpuUsageMetrics:     {},
		container.MemoryUsageMetrics:  {},
		container.NetworkUsageMetrics: {},
	}
)

func main() {
	flag.Var(&measurement, "enable_metrics", "what to measure, separated by commas")
	klog.InitFlags(nil)
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cadvisor:", err)
		os.Exit(1)
	}
}

func run() error {
	// An empty prefix, as the official command gives it: no list at all is out of its range.
	all := []string{""}
	collector, err := manager.New(memory.New(keep, nil), sysfs.NewRealSysFs(), manager.HousekeepingConfigFlags,
		measurement, all, all, "", 0)
	if err != nil {
		return fmt.Errorf("cannot collect: %w", err)
	}
	if err := collector.Start(); err != nil {
		return fmt.Errorf("cannot start to collect: %w", err)
	}

	server := &http.Server{Addr: fmt.Sprintf(":%d", *port), Handler: handler(collector), ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return collector.Stop()
}

func handler(collector manager.Manager) http.Handler {
	labelsOf := metrics.DefaultContainerLabels
	if !*everyLabel {
		labelsOf = metrics.BaseContainerLabels(strings.Split(*labels, ","))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		metrics.NewPrometheusCollector(collector, labelsOf, measurement, clock.RealClock{},
			model.RequestOptions{IdType: model.TypeName, Count: 1, Recursive: true}),
		metrics.NewPrometheusMachineCollector(collector, measurement),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, "ok") })
	return mux
}
