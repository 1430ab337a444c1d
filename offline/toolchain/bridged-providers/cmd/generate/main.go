// Command generate writes the providers' schemas beside their plugins, which embed them: made at each start instead,
// they would cost half a second of every preview.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"

	"dating/bridged-providers/docker"
	"dating/bridged-providers/random"
)

func main() {
	spec, err := tfgen.GenerateSchema(docker.Provider(),
		diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never}))
	check(err)
	schema, err := json.Marshal(spec)
	check(err)
	check(os.WriteFile("cmd/pulumi-resource-docker/schema.json", schema, 0o600))

	result, err := pf.GenerateSchema(context.Background(), pf.GenerateSchemaOptions{ProviderInfo: random.Provider()})
	check(err)
	check(os.WriteFile("cmd/pulumi-resource-random/schema.json", result.ProviderMetadata.PackageSchema, 0o600))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
