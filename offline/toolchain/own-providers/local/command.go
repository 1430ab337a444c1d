// Package local stands in for the module "local" of the official Pulumi command provider.
package local

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Provider returns the provider under the name by which the engine knows the official one.
func Provider() p.Provider {
	return withReplacement(infer.Provider(infer.Options{
		Resources: []infer.InferredResource{infer.Resource(Command{})},
		Functions: []infer.InferredFunction{infer.Function(Run{})},
	}))
}

// withReplacement makes a change inside the triggers a replacement. The framework does so for the property as a whole
// only; the Node.js SDK asks the engine for the rest, others do not.
func withReplacement(provider p.Provider) p.Provider {
	replacing := map[p.DiffKind]p.DiffKind{p.Add: p.AddReplace, p.Delete: p.DeleteReplace, p.Update: p.UpdateReplace}
	diff := provider.Diff
	provider.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp, err := diff(ctx, req)
		for path, change := range resp.DetailedDiff {
			if kind, found := replacing[change.Kind]; found && strings.HasPrefix(path, "triggers[") {
				change.Kind = kind
				resp.DetailedDiff[path] = change
			}
		}
		return resp, err
	}
	return provider
}

// Command is the resource command:local:Command. A program that exits with another status than 0 fails the step.
type Command struct{}

// Process says how a program is run.
type Process struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
}

// Args are the inputs of a Command.
type Args struct {
	Process
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// Result is what a program left behind.
type Result struct {
	Stdout  string                      `pulumi:"stdout"`
	Stderr  string                      `pulumi:"stderr"`
	Assets  *map[string]*resource.Asset `pulumi:"assets,optional"`
	Archive *resource.Archive           `pulumi:"archive,optional"`
}

// State is what is kept of a Command: its inputs, and the result of its last program.
type State struct {
	Args
	Result
}

// WireDependencies makes every result follow every input: a result is unknown in a preview in which an input changes. It is
// not secret when an input is, though a program can print what it was given: the official plugin keeps it open, too, and a
// program that relied on more here would tell its secrets there.
func (Command) WireDependencies(f infer.FieldSelector, args *Args, state *State) {
	inputs := map[any]any{
		&state.Interpreter: &args.Interpreter, &state.Dir: &args.Dir, &state.Environment: &args.Environment,
		&state.Stdin: &args.Stdin, &state.Logging: &args.Logging,
		&state.AddPreviousOutputInEnv: &args.AddPreviousOutputInEnv,
		&state.AssetPaths:             &args.AssetPaths, &state.ArchivePaths: &args.ArchivePaths,
		&state.Create: &args.Create, &state.Update: &args.Update, &state.Delete: &args.Delete,
		&state.Triggers: &args.Triggers,
	}
	results := []any{&state.Stdout, &state.Stderr, &state.Assets, &state.Archive}
	for output, input := range inputs {
		f.OutputField(output).DependsOn(f.InputField(input))
		for _, result := range results {
			f.OutputField(result).DependsOn(f.InputField(input).Computed())
		}
	}
}

// Create runs the create command, where there is one.
func (Command) Create(ctx context.Context, req infer.CreateRequest[Args]) (infer.CreateResponse[State], error) {
	state := State{Args: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		err = state.run(ctx, *req.Inputs.Create, &state.Result)
	}
	return infer.CreateResponse[State]{ID: id, Output: state}, err
}

// Update runs the update command, or the create command where there is none.
func (Command) Update(ctx context.Context, req infer.UpdateRequest[Args, State]) (infer.UpdateResponse[State], error) {
	state := State{Args: req.Inputs, Result: req.State.Result}
	command := req.Inputs.Update
	if command == nil {
		command = req.Inputs.Create
	}
	var err error
	if !req.DryRun && command != nil {
		err = state.run(ctx, *command, &state.Result)
	}
	return infer.UpdateResponse[State]{Output: state}, err
}

// Delete runs the delete command with the inputs of the last deploy, where there is one.
func (Command) Delete(ctx context.Context, req infer.DeleteRequest[State]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, req.State.run(ctx, *req.State.Delete, &req.State.Result)
}

// Run is the function command:local:run, which runs its command in every preview and every deploy.
type Run struct{}

// RunArgs are the inputs of Run.
type RunArgs struct {
	Process
	Command string `pulumi:"command"`
}

// RunResult is what Run answers. The framework cannot describe a function's assets, so there are none.
type RunResult struct {
	RunArgs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Invoke runs the command.
func (Run) Invoke(ctx context.Context, req infer.FunctionRequest[RunArgs]) (infer.FunctionResponse[RunResult], error) {
	var result Result
	err := req.Input.run(ctx, req.Input.Command, &result)
	return infer.FunctionResponse[RunResult]{
		Output: RunResult{RunArgs: req.Input, Stdout: result.Stdout, Stderr: result.Stderr},
	}, err
}
