// Package grafana stands in for folders, data sources and dashboards of the official Grafana provider.
package grafana

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Provider returns the provider under the name by which the engine knows the official one.
func Provider() p.Provider {
	provider := infer.Provider(infer.Options{
		Config: infer.Config(&Config{}),
		Resources: []infer.InferredResource{
			infer.Resource(Folder{}), infer.Resource(DataSource{}), infer.Resource(Dashboard{}),
		},
	})
	return withRedaction(withOfficialState(withOfficialConfig(withMissingImports(provider))))
}

// withMissingImports makes the import of what is not there fail. The framework cannot send the answer by which the engine
// would know it, and the engine would keep an empty resource.
func withMissingImports(provider p.Provider) p.Provider {
	read := provider.Read
	provider.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		if err == nil && resp.ID == "" && req.Properties.Len() == 0 && req.Inputs.Len() == 0 {
			return resp, fmt.Errorf("Grafana holds no %s %q", req.Urn.Type().Name(), req.ID)
		}
		return resp, err
	}
	return provider
}
