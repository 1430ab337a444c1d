// Command pulumi-resource-docker is the upstream Docker provider behind the Terraform bridge.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

	"dating/bridged-providers/docker"
)

//go:embed schema.json
var schema []byte

func main() {
	tfbridge.Main(docker.Name, docker.Version, docker.Provider(), schema)
}
