package grafana

import (
	"context"
	"reflect"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// What the two sides of each resource hold, by the resource's type.
var knownProperties = map[tokens.Type]struct{ inputs, state map[string]bool }{
	"grafana:oss/folder:Folder":         {names[FolderArgs](), names[FolderState]()},
	"grafana:oss/dataSource:DataSource": {names[DataSourceArgs](), names[DataSourceState]()},
	"grafana:oss/dashboard:Dashboard":   {names[DashboardArgs](), names[DashboardState]()},
}

// withOfficialState lets the provider read a state that the official one wrote: the framework refuses what it does not
// know, and the official one keeps its id, the notes of its bridge (those begin with two underscores) and properties of
// its own in there.
func withOfficialState(provider p.Provider) p.Provider {
	check, diff, read := provider.Check, provider.Diff, provider.Read
	update, remove := provider.Update, provider.Delete
	provider.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		req.State = known(req.State, knownProperties[req.Urn.Type()].inputs)
		// An input that is not known is a mistake of the program, and told.
		req.Inputs = withoutNotes(req.Inputs)
		return check(ctx, req)
	}
	provider.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		properties := knownProperties[req.Urn.Type()]
		req.State, req.OldInputs = known(req.State, properties.state), known(req.OldInputs, properties.inputs)
		req.Inputs = withoutNotes(req.Inputs)
		return diff(ctx, req)
	}
	provider.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		inputs, state, properties := req.Inputs, req.Properties, knownProperties[req.Urn.Type()]
		req.Inputs, req.Properties = known(inputs, properties.inputs), known(state, properties.state)
		resp, err := read(ctx, req)
		// What is as it was stays as the official one wrote it: a refresh finds nothing to tell.
		if sameProperties(resp.Inputs, req.Inputs) {
			resp.Inputs = inputs
		}
		if sameProperties(resp.Properties, req.Properties) {
			resp.Properties = state
		}
		return resp, err
	}
	provider.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		properties := knownProperties[req.Urn.Type()]
		req.State, req.OldInputs = known(req.State, properties.state), known(req.OldInputs, properties.inputs)
		req.Inputs = withoutNotes(req.Inputs)
		return update(ctx, req)
	}
	provider.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		properties := knownProperties[req.Urn.Type()]
		req.Properties, req.OldInputs = known(req.Properties, properties.state), known(req.OldInputs, properties.inputs)
		return remove(ctx, req)
	}
	return provider
}

// known leaves out what is not in the set.
func known(m property.Map, set map[string]bool) property.Map {
	for name := range m.All {
		if !set[name] {
			m = m.Delete(name)
		}
	}
	return m
}

func withoutNotes(m property.Map) property.Map {
	for name := range m.All {
		if strings.HasPrefix(name, "__") {
			m = m.Delete(name)
		}
	}
	return m
}

// sameProperties compares values, whichever of them are marked as secret.
func sameProperties(a, b property.Map) bool {
	return open(property.New(a)).Equals(open(property.New(b)))
}

// open takes the marks of secrets away, and from maps what is null: that says as much as nothing.
func open(value property.Value) property.Value {
	switch {
	case value.IsMap():
		opened := map[string]property.Value{}
		for name, element := range value.AsMap().All {
			if !element.IsNull() {
				opened[name] = open(element)
			}
		}
		return property.New(property.NewMap(opened))
	case value.IsArray():
		opened := []property.Value{}
		for _, element := range value.AsArray().AsSlice() {
			opened = append(opened, open(element))
		}
		return property.New(property.NewArray(opened))
	}
	return value.WithSecret(false)
}

// names returns the properties of a struct, by the tags of its fields.
func names[T any]() map[string]bool {
	found := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if tag := field.Tag.Get("pulumi"); tag != "" {
			name, _, _ := strings.Cut(tag, ",")
			found[name] = true
		}
	}
	return found
}
