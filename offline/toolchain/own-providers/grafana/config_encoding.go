package grafana

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The configuration's properties that are text. All others are JSON in a text, as the SDKs send them and as the official
// provider keeps them.
var textProperties = []string{"url", "auth", "caCert"}

// withOfficialConfig keeps the provider's configuration as the official provider does, so that neither finds a change in
// what the other one wrote: what was given and nothing else, and all that is not text as JSON.
func withOfficialConfig(provider p.Provider) p.Provider {
	check, configure := provider.CheckConfig, provider.Configure
	provider.CheckConfig = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		resp, err := check(ctx, p.CheckRequest{Urn: req.Urn, Inputs: decoded(req.Inputs), RandomSeed: req.RandomSeed})
		if err == nil && len(resp.Failures) == 0 {
			resp.Inputs = encoded(req.Inputs)
		}
		return resp, err
	}
	provider.Configure = func(ctx context.Context, req p.ConfigureRequest) error {
		req.Args = decoded(req.Args)
		return configure(ctx, req)
	}
	provider.DiffConfig = func(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		before := req.OldInputs
		if before.Len() == 0 {
			before = req.State
		}
		return diffConfig(before, req.Inputs, req.IgnoreChanges), nil
	}
	return provider
}

// diffConfig never asks for a replacement: with the provider every resource would be replaced, and a rotated password
// would delete every dashboard.
func diffConfig(before, wanted property.Map, ignored []string) p.DiffResponse {
	from, to := meaning(before), meaning(wanted)
	for _, name := range ignored {
		delete(from, name)
		delete(to, name)
	}
	resp := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
	both := maps.Clone(from)
	maps.Copy(both, to)
	for name := range both {
		was, had := from[name]
		is, has := to[name]
		kind := p.Update
		switch {
		case had && has && was.Equals(is):
			continue
		case !had:
			kind = p.Add
		case !has:
			kind = p.Delete
		}
		resp.DetailedDiff[name] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	resp.HasChanges = len(resp.DetailedDiff) > 0
	return resp
}

// meaning returns what a configuration says: an empty value says nothing, but that there are to be no retries.
func meaning(config property.Map) map[string]property.Value {
	found := map[string]property.Value{}
	for name, content := range decoded(config).All {
		content = open(content)
		empty := content.IsNull() || content.IsString() && content.AsString() == "" ||
			content.IsBool() && !content.AsBool() || content.IsNumber() && content.AsNumber() == 0 ||
			content.IsArray() && content.AsArray().Len() == 0 || content.IsMap() && content.AsMap().Len() == 0
		// The engine keeps the plugin's version beside the configuration.
		if name == "version" || empty && name != "retries" {
			continue
		}
		found[name] = content
	}
	return found
}

// decoded takes JSON out of its text, and leaves out what the framework and the bridge note for themselves.
func decoded(config property.Map) property.Map {
	result := map[string]property.Value{}
	for name, content := range config.All {
		if strings.HasPrefix(name, "__") {
			continue
		}
		if content.IsString() && !slices.Contains(textProperties, name) {
			var inside any
			if json.Unmarshal([]byte(content.AsString()), &inside) == nil {
				content = resource.FromResourcePropertyValue(resource.NewPropertyValue(inside)).WithSecret(content.Secret())
			}
		}
		result[name] = content
	}
	return property.NewMap(result)
}

// encoded puts all that is not text into JSON.
func encoded(config property.Map) property.Map {
	result := map[string]property.Value{}
	for name, content := range config.All {
		secret := content.Secret() || slices.Contains(secretProperties, name)
		if !content.IsString() && !content.HasComputed() && !content.IsNull() {
			if text, err := json.Marshal(resource.ToResourcePropertyValue(open(content)).Mappable()); err == nil {
				content = property.New(string(text))
			}
		}
		if !content.IsNull() {
			result[name] = content.WithSecret(secret)
		}
	}
	return property.NewMap(result)
}
