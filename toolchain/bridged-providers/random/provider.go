// Package random describes the upstream random provider with the tokens of the official Pulumi plugin.
package random

import (
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	upstream "github.com/terraform-providers/terraform-provider-random/shim"
)

// Name and Version are those of the official plugin that this one stands in for.
const (
	Name    = "random"
	Version = "4.21.2"
)

// Provider returns the description from which the bridge makes the plugin and its schema.
func Provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            shim.ShimProvider(upstream.Provider()),
		Name:         Name,
		Version:      Version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_password": {Tok: "random:index/randomPassword:RandomPassword"},
			"random_id":       {Tok: "random:index/randomId:RandomId"},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("random_", "index", tokens.MakeStandard(Name)))
	return info
}
