module dating/services/node_exporter

go 1.26.0

require github.com/prometheus/node_exporter v1.11.1
