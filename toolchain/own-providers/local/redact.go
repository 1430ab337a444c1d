package local

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// What stands where a secret stood, as the engine writes it.
const redacted = "[secret]"

type secretsKey struct{}

// withRedaction hides the secret inputs of a program in the lines it prints and in the error that it ends with. The
// engine itself only hides the secrets of the configuration. A resource's own code cannot do it: it gets its inputs
// without their secretness.
func withRedaction(provider p.Provider) p.Provider {
	create, update, remove, invoke := provider.Create, provider.Update, provider.Delete, provider.Invoke
	provider.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		ctx = withSecrets(ctx, req.Properties)
		resp, err := create(ctx, req)
		return resp, redactError(ctx, err)
	}
	provider.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		// The old state as well: the program may be given the last one's output.
		ctx = withSecrets(ctx, req.Inputs, req.State)
		resp, err := update(ctx, req)
		return resp, redactError(ctx, err)
	}
	provider.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		ctx = withSecrets(ctx, req.Properties)
		return redactError(ctx, remove(ctx, req))
	}
	provider.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		ctx = withSecrets(ctx, req.Args)
		resp, err := invoke(ctx, req)
		return resp, redactError(ctx, err)
	}
	return provider
}

func withSecrets(ctx context.Context, maps ...property.Map) context.Context {
	var secrets []string
	for _, m := range maps {
		secrets = append(secrets, secretStrings(property.New(m), false)...)
	}
	// Of two secrets of which one holds the other, the longer one has to go first.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return context.WithValue(ctx, secretsKey{}, slices.Compact(secrets))
}

func redactor(ctx context.Context) func(string) string {
	secrets, _ := ctx.Value(secretsKey{}).([]string)
	return func(text string) string {
		for _, secret := range secrets {
			text = strings.ReplaceAll(text, secret, redacted)
		}
		return text
	}
}

func redactError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if text := redactor(ctx)(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// secretStrings returns the strings in a value that are secret, and each line of those that have several.
func secretStrings(value property.Value, secret bool) []string {
	secret = secret || value.Secret()
	var found []string
	switch {
	case value.IsMap():
		for _, element := range value.AsMap().All {
			found = append(found, secretStrings(element, secret)...)
		}
	case value.IsArray():
		for _, element := range value.AsArray().AsSlice() {
			found = append(found, secretStrings(element, secret)...)
		}
	case value.IsString() && secret:
		text := value.AsString()
		for _, form := range append(strings.Split(text, "\n"), text, strings.TrimSpace(text)) {
			if strings.TrimSpace(form) != "" {
				// An error quotes the command that failed.
				quoted := strconv.Quote(form)
				found = append(found, form, quoted[1:len(quoted)-1])
			}
		}
	}
	return found
}
