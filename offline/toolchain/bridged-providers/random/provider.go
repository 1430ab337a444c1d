// Package random describes the upstream random provider with the tokens of the official Pulumi plugin.
package random

import (
	"context"
	"errors"

	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
			"random_bytes": {ComputeID: bytesID},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("random_", "index", token))
	return info
}

// token returns the official type: every one of them begins with the provider's name.
func token(module, name string) (string, error) {
	return tokens.MakeStandard(Name)(module, "Random"+name)
}

// The upstream resource is the only one without an id.
func bytesID(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	value := state["base64"]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return "", errors.New("random bytes have no base64 form")
	}
	return resource.ID(value.StringValue()), nil
}
