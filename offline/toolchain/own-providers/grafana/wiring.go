package grafana

import "github.com/pulumi/pulumi-go-provider/infer"

// What a preview shows as unknown follows from here. The framework's own rule makes a value that Grafana chose unknown
// when any input changes: a folder's new title would then show every dashboard in it as replaced.
// A uid follows nothing: an update never changes it.

// WireDependencies makes the address follow the title, which is part of it.
func (Folder) WireDependencies(f infer.FieldSelector, args *FolderArgs, state *FolderState) {
	mirror(f, map[any]any{
		&state.OrgID: &args.OrgID, &state.ParentFolderUID: &args.ParentFolderUID, &state.Title: &args.Title,
		&state.PreventDestroyIfNotEmpty: &args.PreventDestroyIfNotEmpty,
	})
	f.OutputField(&state.URL).DependsOn(f.InputField(&args.Title).Computed())
}

// WireDependencies makes each output follow the input of its name.
func (DataSource) WireDependencies(f infer.FieldSelector, args *DataSourceArgs, state *DataSourceState) {
	mirror(f, map[any]any{
		&state.AccessMode: &args.AccessMode, &state.BasicAuthEnabled: &args.BasicAuthEnabled,
		&state.BasicAuthUsername: &args.BasicAuthUsername, &state.DatabaseName: &args.DatabaseName,
		&state.HTTPHeaders: &args.HTTPHeaders, &state.IsDefault: &args.IsDefault,
		&state.JSONDataEncoded: &args.JSONDataEncoded, &state.Name: &args.Name, &state.OrgID: &args.OrgID,
		&state.SecureJSONDataEncoded: &args.SecureJSONDataEncoded, &state.Type: &args.Type,
		&state.URL: &args.URL, &state.Username: &args.Username,
	})
}

// WireDependencies makes the address follow the title, which is part of it, and the version every change.
func (Dashboard) WireDependencies(f infer.FieldSelector, args *DashboardArgs, state *DashboardState) {
	mirror(f, map[any]any{
		&state.ConfigJSON: &args.ConfigJSON, &state.Folder: &args.Folder, &state.Message: &args.Message,
		&state.OrgID: &args.OrgID, &state.Overwrite: &args.Overwrite,
	})
	f.OutputField(&state.URL).DependsOn(f.InputField(&args.ConfigJSON).Computed())
	for _, input := range []any{&args.ConfigJSON, &args.Folder, &args.Message, &args.Overwrite} {
		f.OutputField(&state.Version).DependsOn(f.InputField(input).Computed())
	}
}

func mirror(f infer.FieldSelector, inputs map[any]any) {
	for output, input := range inputs {
		f.OutputField(output).DependsOn(f.InputField(input))
	}
}
