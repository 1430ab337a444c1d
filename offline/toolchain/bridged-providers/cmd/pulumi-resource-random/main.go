// Command pulumi-resource-random is the upstream random provider behind the Terraform bridge.
package main

import (
	"context"
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"dating/bridged-providers/random"
)

//go:embed schema.json
var schema []byte

func main() {
	tfbridge.Main(context.Background(), random.Name, random.Provider(), tfbridge.ProviderMetadata{PackageSchema: schema})
}
