package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// What stands where a secret stood, as the engine writes it.
const redacted = "[secret]"

// A shorter secret protects nothing, and without it the errors would be unreadable.
const shortestSecret = 4

// Properties that are secret whether or not the engine says so.
var secretProperties = []string{"auth", "httpHeaders", "secureJsonDataEncoded"}

// withRedaction hides secrets in errors: Grafana, or a proxy before it, may repeat what it was sent.
func withRedaction(provider p.Provider) p.Provider {
	var mutex sync.Mutex
	var credentials []string
	hide := func(err error, maps ...property.Map) error {
		if err == nil {
			return nil
		}
		mutex.Lock()
		found := slices.Clone(credentials)
		mutex.Unlock()
		for _, m := range maps {
			found = append(found, secretsOf(m)...)
		}
		return redact(err, found)
	}
	configure, create, read := provider.Configure, provider.Create, provider.Read
	update, remove := provider.Update, provider.Delete
	provider.Configure = func(ctx context.Context, req p.ConfigureRequest) error {
		mutex.Lock()
		credentials = append(secretsOf(req.Args),
			secretsOf(property.NewMap(map[string]property.Value{"auth": property.New(os.Getenv("GRAFANA_AUTH"))}))...)
		mutex.Unlock()
		return hide(configure(ctx, req))
	}
	provider.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		resp, err := create(ctx, req)
		return resp, hide(err, req.Properties)
	}
	provider.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		return resp, hide(err, req.Inputs, req.Properties)
	}
	provider.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		resp, err := update(ctx, req)
		return resp, hide(err, req.Inputs, req.State)
	}
	provider.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		return hide(remove(ctx, req), req.Properties)
	}
	return provider
}

func redact(err error, secrets []string) error {
	// Of two secrets of which one holds the other, the longer one has to go first.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	text := err.Error()
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

func secretsOf(m property.Map) []string {
	var found []string
	for name, content := range m.All {
		found = append(found, secretStrings(content, slices.Contains(secretProperties, name))...)
	}
	// The password alone, too.
	if auth := m.Get("auth"); auth.IsString() {
		if _, password, basic := strings.Cut(auth.AsString(), ":"); basic {
			found = append(found, password)
		}
	}
	return found
}

// secretStrings returns the strings in a value that are secret, and those in one that is JSON.
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
		found = append(found, text)
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) == nil {
			for _, element := range object {
				if inner, isText := element.(string); isText {
					found = append(found, inner)
				}
			}
		}
	}
	return found
}
