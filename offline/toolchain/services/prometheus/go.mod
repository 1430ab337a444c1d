module dating/services/prometheus

go 1.26.0

require github.com/prometheus/prometheus v0.313.5

require (
	k8s.io/api v0.35.3 // indirect
	k8s.io/client-go v0.35.3 // indirect
)

// As in its own go.mod: https://github.com/prometheus/prometheus/blob/v3.13.5/go.mod
replace cloud.google.com/go => cloud.google.com/go v0.123.0

exclude (
	github.com/grpc-ecosystem/grpc-gateway v1.14.7
	github.com/linode/linodego v1.0.0
	google.golang.org/api v0.30.0
)
