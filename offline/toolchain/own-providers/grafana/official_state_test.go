package grafana

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A resource as the official provider 2.40.0 left it in a state.
type recorded struct {
	URN             resource.URN
	ID              string
	Inputs, Outputs map[string]any
}

func (r recorded) inputs() property.Map { return fromState(r.Inputs).AsMap() }
func (r recorded) state() property.Map  { return fromState(r.Outputs).AsMap() }

// sent returns what the program says, which the engine hands on without the bridge's notes.
func (r recorded) sent() property.Map { return withoutNotes(r.inputs()).Delete("version") }

// officialState returns the recorded provider and its resources, as a Grafana at an address has them.
func officialState(t *testing.T, address string) (provider recorded, resources []recorded) {
	t.Helper()
	content, err := os.ReadFile("testdata/official-state.json")
	must(t, err)
	text := strings.ReplaceAll(string(content), "http://localhost:3000", address)
	must(t, json.Unmarshal([]byte(text), &resources))
	return resources[0], resources[1:]
}

// fromState reads a value as a state spells it, in which a secret is an object.
func fromState(value any) property.Value {
	switch value := value.(type) {
	case map[string]any:
		if text, isSecret := value["plaintext"].(string); isSecret {
			var inside any
			_ = json.Unmarshal([]byte(text), &inside)
			return fromState(inside).WithSecret(true)
		}
		result := map[string]property.Value{}
		for name, element := range value {
			result[name] = fromState(element)
		}
		return property.New(result)
	case []any:
		result := []property.Value{}
		for _, element := range value {
			result = append(result, fromState(element))
		}
		return property.New(result)
	}
	result, _ := property.Any(value)
	return result
}

// adopted starts a provider with the official one's configuration, for a Grafana that holds what the state says.
func adopted(t *testing.T) (*fakeGrafana, integration.Server, recorded, []recorded) {
	t.Helper()
	grafana, server := start(t)
	provider, resources := officialState(t, grafana.url)
	for _, r := range resources {
		_, uid := splitID(r.ID)
		switch r.URN.Type().Name() {
		case "Folder":
			grafana.objects["/folders/"+uid] = map[string]any{"uid": uid, "title": r.Outputs["title"], "url": path(r, grafana)}
		case "DataSource":
			grafana.objects["/datasources/uid/"+uid] = map[string]any{
				"uid": uid, "name": r.Outputs["name"], "type": r.Outputs["type"], "url": r.Outputs["url"],
				"access": "proxy", "isDefault": r.Outputs["isDefault"], "jsonData": map[string]any{},
			}
		case "Dashboard":
			var model map[string]any
			must(t, json.Unmarshal([]byte(r.Outputs["configJson"].(string)), &model))
			model["id"], model["version"] = r.Outputs["dashboardId"], r.Outputs["version"]
			grafana.objects["/dashboards/uid/"+uid] = map[string]any{
				"dashboard": model, "meta": map[string]any{"url": path(r, grafana), "folderUid": r.Outputs["folder"]},
			}
		}
	}
	must(t, server.Configure(p.ConfigureRequest{Args: provider.inputs()}))
	return grafana, server, provider, resources
}

func path(r recorded, grafana *fakeGrafana) string {
	return strings.TrimPrefix(r.Outputs["url"].(string), grafana.url)
}

func TestStateOfTheOfficialProviderHasNothingToChange(t *testing.T) {
	_, server, _, resources := adopted(t)
	for _, r := range resources {
		checked, err := server.Check(p.CheckRequest{Urn: r.URN, State: r.inputs(), Inputs: r.inputs()})
		must(t, err)
		if len(checked.Failures) > 0 {
			t.Errorf("%s: %v", r.URN.Name(), checked.Failures)
		}
		resp, err := server.Diff(p.DiffRequest{
			Urn: r.URN, ID: r.ID, State: r.state(), OldInputs: r.inputs(), Inputs: checked.Inputs,
		})
		must(t, err)
		if resp.HasChanges {
			t.Errorf("%s changes: %v", r.URN.Name(), resp.DetailedDiff)
		}
	}
}

func TestStateOfTheOfficialProviderIsReadAsItIs(t *testing.T) {
	_, server, _, resources := adopted(t)
	for _, r := range resources {
		read, err := server.Read(p.ReadRequest{Urn: r.URN, ID: r.ID, Properties: r.state(), Inputs: r.inputs()})
		must(t, err)
		if read.ID != r.ID || !read.Properties.Equals(r.state()) || !read.Inputs.Equals(r.inputs()) {
			t.Errorf("%s is read as\n%v\n%v\nand was\n%v\n%v", r.URN.Name(), read.Inputs, read.Properties, r.inputs(), r.state())
		}
	}
}

func TestStateOfTheOfficialProviderIsUpdatedAndDeleted(t *testing.T) {
	grafana, server, _, resources := adopted(t)
	for _, r := range resources {
		_, err := server.Update(p.UpdateRequest{
			Urn: r.URN, ID: r.ID, State: r.state(), OldInputs: r.inputs(), Inputs: r.inputs(),
		})
		must(t, err)
	}
	for _, r := range resources {
		must(t, server.Delete(p.DeleteRequest{
			Urn: r.URN, ID: r.ID, OldInputs: r.inputs(), Properties: r.state().Set("preventDestroyIfNotEmpty", property.New(false)),
		}))
	}
	if len(grafana.objects) > 0 {
		t.Errorf("it is still there: %v", grafana.objects)
	}
}

func TestConfigurationIsKeptAsTheOfficialProviderKeepsIt(t *testing.T) {
	_, server, provider, _ := adopted(t)
	checked, err := server.CheckConfig(p.CheckRequest{Urn: provider.URN, State: provider.inputs(), Inputs: provider.sent()})
	must(t, err)
	if len(checked.Failures) > 0 || !withoutNotes(checked.Inputs).Equals(provider.sent()) {
		t.Errorf("%v is kept as %v (%v)", provider.sent(), checked.Inputs, checked.Failures)
	}
	for name, before := range map[string]property.Map{
		"official": provider.inputs(),
		"of this provider, before it kept them so": properties(map[string]any{
			"__pulumi-go-provider-infer": true, "auth": "admin:password", "caCert": "", "insecureSkipVerify": false,
			"orgId": 0.0, "retries": 5.0, "retryWait": 0.0, "url": provider.Inputs["url"], "version": "2.40.0",
		}),
	} {
		resp, err := server.DiffConfig(p.DiffRequest{
			Urn: provider.URN, ID: provider.ID, State: before, OldInputs: before, Inputs: checked.Inputs,
		})
		must(t, err)
		if resp.HasChanges {
			t.Errorf("%s: it changes: %v", name, resp.DetailedDiff)
		}
	}
}

func TestConfigurationAsJSONIsUnderstood(t *testing.T) {
	grafana, server := start(t)
	grafana.fail = 1
	args := property.NewMap(map[string]property.Value{
		"url": property.New(grafana.url), "auth": property.New("token").WithSecret(true),
		"retries": property.New("2"), "orgId": property.New("3"), "insecureSkipVerify": property.New("true"),
		"retryStatusCodes": property.New(`["503"]`), "httpHeaders": property.New(`{"X-Token":"tok-en"}`).WithSecret(true),
	})
	checked, err := server.CheckConfig(p.CheckRequest{Urn: "urn:pulumi:t::t::pulumi:providers:grafana::it", Inputs: args})
	must(t, err)
	if len(checked.Failures) > 0 || checked.Inputs.Get("retryStatusCodes").AsString() != `["503"]` ||
		!checked.Inputs.Get("httpHeaders").Secret() {
		t.Errorf("it is kept as %v (%v)", checked.Inputs, checked.Failures)
	}
	must(t, server.Configure(p.ConfigureRequest{Args: checked.Inputs}))
	create(t, server, folderURN, map[string]any{"title": "T"})
	if grafana.calls != 2 || grafana.token != "tok-en" {
		t.Errorf("after %d calls the header is %q", grafana.calls, grafana.token)
	}
	args = args.Set("retries", property.New("many"))
	checked, err = server.CheckConfig(p.CheckRequest{Urn: "urn:pulumi:t::t::pulumi:providers:grafana::it", Inputs: args})
	if err == nil && len(checked.Failures) == 0 {
		t.Error("a word is a number of retries")
	}
}

func TestChangedConfigurationIsSeen(t *testing.T) {
	_, server := start(t)
	before := properties(map[string]any{"url": "http://x", "retries": "5"})
	for _, after := range []map[string]any{
		{"url": "http://x", "retries": "0"}, {"url": "http://x"}, {"url": "http://y", "retries": "5"},
		{"url": "http://x", "retries": "5", "orgId": "2"},
	} {
		resp, err := server.DiffConfig(p.DiffRequest{OldInputs: before, State: before, Inputs: properties(after)})
		must(t, err)
		if len(resp.DetailedDiff) != 1 || !resp.HasChanges {
			t.Errorf("%v: the diff is %v", after, resp)
		}
	}
}
