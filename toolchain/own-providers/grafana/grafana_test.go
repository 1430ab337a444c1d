package grafana

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	folderURN     = resource.URN("urn:pulumi:t::t::grafana:oss/folder:Folder::it")
	dataSourceURN = resource.URN("urn:pulumi:t::t::grafana:oss/dataSource:DataSource::it")
	dashboardURN  = resource.URN("urn:pulumi:t::t::grafana:oss/dashboard:Dashboard::it")
)

// fakeGrafana answers the few calls of the provider and keeps objects by path.
type fakeGrafana struct {
	objects map[string]map[string]any
	sent    []map[string]any
	auth    string
	fail    int
}

func (g *fakeGrafana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.auth = r.Header.Get("Authorization")
	w.Header().Set("Content-Type", "application/json")
	answer := func(status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	if g.fail > 0 {
		g.fail--
		answer(http.StatusServiceUnavailable, map[string]any{"message": "not yet"})
		return
	}
	var body map[string]any
	if content, _ := io.ReadAll(r.Body); len(content) > 0 {
		var sent map[string]any
		_ = json.Unmarshal(content, &body)
		_ = json.Unmarshal(content, &sent)
		g.sent = append(g.sent, sent)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api")
	switch {
	case r.Method == "POST" && path == "/folders":
		if body["title"] == "taken" {
			answer(http.StatusConflict, map[string]any{"message": "a folder with that name already exists"})
			return
		}
		uid := either(body["uid"], "chosen")
		g.objects["/folders/"+uid] = map[string]any{"uid": uid, "title": body["title"], "url": "/dashboards/f/" + uid}
		answer(200, g.objects["/folders/"+uid])
	case r.Method == "POST" && path == "/datasources":
		uid := either(body["uid"], "chosen")
		body["uid"] = uid
		delete(body, "secureJsonData")
		g.objects["/datasources/uid/"+uid] = body
		answer(200, map[string]any{"datasource": body, "id": 1, "message": "ok", "name": body["name"]})
	case r.Method == "POST" && path == "/dashboards/db":
		model := body["dashboard"].(map[string]any)
		uid := either(model["uid"], "chosen")
		model["uid"], model["id"], model["version"] = uid, 7, 3
		g.objects["/dashboards/uid/"+uid] = map[string]any{
			"dashboard": model, "meta": map[string]any{"url": "/d/" + uid, "folderUid": body["folderUid"]},
		}
		answer(200, map[string]any{
			"uid": uid, "id": 7, "version": 3, "url": "/d/" + uid, "status": "success", "title": "t",
		})
	case r.Method == "GET" && path == "/search":
		answer(200, []any{map[string]any{"title": "inside"}})
	case g.objects[path] == nil:
		answer(http.StatusNotFound, map[string]any{"message": "not found"})
	case r.Method == "DELETE":
		delete(g.objects, path)
		answer(200, map[string]any{"id": 1, "message": "deleted", "title": "t"})
	case r.Method == "PUT":
		for name, content := range body {
			g.objects[path][name] = content
		}
		delete(g.objects[path], "secureJsonData")
		if strings.HasPrefix(path, "/datasources") {
			answer(200, map[string]any{"datasource": g.objects[path], "id": 1, "message": "ok", "name": "n"})
			return
		}
		answer(200, g.objects[path])
	default:
		answer(200, g.objects[path])
	}
}

func either(given any, otherwise string) string {
	if text, _ := given.(string); text != "" {
		return text
	}
	return otherwise
}

func start(t *testing.T) (*fakeGrafana, integration.Server) {
	t.Helper()
	grafana := &fakeGrafana{objects: map[string]map[string]any{}}
	web := httptest.NewServer(grafana)
	t.Cleanup(web.Close)
	server, err := integration.NewServer(t.Context(), "grafana", semver.MustParse("2.40.0"),
		integration.WithProvider(Provider()))
	if err != nil {
		t.Fatal(err)
	}
	must(t, server.Configure(p.ConfigureRequest{Args: properties(map[string]any{"url": web.URL, "auth": "admin:pw"})}))
	return grafana, server
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func properties(values map[string]any) property.Map {
	result := map[string]property.Value{}
	for name, value := range values {
		switch value := value.(type) {
		case string:
			result[name] = property.New(value)
		case bool:
			result[name] = property.New(value)
		case float64:
			result[name] = property.New(value)
		case map[string]any:
			result[name] = property.New(properties(value))
		default:
			panic(fmt.Sprintf("unknown type %T", value))
		}
	}
	return property.NewMap(result)
}

func create(t *testing.T, server integration.Server, urn resource.URN, values map[string]any) p.CreateResponse {
	t.Helper()
	checked, err := server.Check(p.CheckRequest{Urn: urn, Inputs: properties(values)})
	must(t, err)
	if len(checked.Failures) > 0 {
		t.Fatal(checked.Failures)
	}
	resp, err := server.Create(p.CreateRequest{Urn: urn, Properties: checked.Inputs})
	must(t, err)
	return resp
}

func diff(t *testing.T, server integration.Server, urn resource.URN, id string, state property.Map, values map[string]any) p.DiffResponse {
	t.Helper()
	checked, err := server.Check(p.CheckRequest{Urn: urn, State: state, Inputs: properties(values)})
	must(t, err)
	resp, err := server.Diff(p.DiffRequest{Urn: urn, ID: id, State: state, Inputs: checked.Inputs})
	must(t, err)
	return resp
}

func TestEveryKindIsMadeReadUnchangedAndDeleted(t *testing.T) {
	for urn, values := range map[resource.URN]map[string]any{
		folderURN: {"title": "Ops", "uid": "ops"},
		dataSourceURN: {
			"name": "prom", "uid": "ops", "type": "prometheus", "url": "http://prometheus:9090",
			"jsonDataEncoded": `{"b": 1, "a": "x"}`, "secureJsonDataEncoded": `{"password": "s3cret"}`,
			"httpHeaders": map[string]any{"X-Scope": "me"},
		},
		dashboardURN: {
			"configJson": `{"title": "T", "uid": "ops", "id": 12, "version": 40, "panels": [{"id": 3, "type": "x"}]}`,
			"folder":     "1:folder",
		},
	} {
		t.Run(urn.Type().String(), func(t *testing.T) {
			grafana, server := start(t)
			made := create(t, server, urn, values)
			if made.ID != "1:ops" {
				t.Errorf("the id is %q", made.ID)
			}
			read, err := server.Read(p.ReadRequest{Urn: urn, ID: made.ID, Properties: made.Properties, Inputs: properties(values)})
			must(t, err)
			if resp := diff(t, server, urn, made.ID, read.Properties, values); resp.HasChanges {
				t.Errorf("it changes by itself: %v", resp.DetailedDiff)
			}
			must(t, server.Delete(p.DeleteRequest{Urn: urn, ID: made.ID, Properties: made.Properties}))
			if len(grafana.objects) > 0 {
				t.Error("it is still there")
			}
			read, err = server.Read(p.ReadRequest{Urn: urn, ID: made.ID, Properties: made.Properties, Inputs: properties(values)})
			must(t, err)
			if read.ID != "" {
				t.Error("what was deleted out of band is still in the state")
			}
			// The engine deletes what it does not know to be gone.
			must(t, server.Delete(p.DeleteRequest{Urn: urn, ID: made.ID, Properties: made.Properties}))
		})
	}
}

func TestEveryKindIsImportedByItsUid(t *testing.T) {
	for urn, values := range map[resource.URN]map[string]any{
		folderURN:     {"title": "Ops", "uid": "ops"},
		dataSourceURN: {"name": "prom", "uid": "ops", "type": "prometheus", "url": "http://x"},
		dashboardURN:  {"configJson": `{"title":"T","uid":"ops"}`},
	} {
		for _, id := range []string{"ops", "1:ops"} {
			t.Run(urn.Type().String()+" "+id, func(t *testing.T) {
				_, server := start(t)
				create(t, server, urn, values)
				read, err := server.Read(p.ReadRequest{Urn: urn, ID: id})
				must(t, err)
				if read.ID != "1:ops" {
					t.Errorf("the id is %q", read.ID)
				}
				if resp := diff(t, server, urn, read.ID, read.Properties, values); resp.HasChanges {
					t.Errorf("the next preview has changes: %v", resp.DetailedDiff)
				}
			})
		}
	}
}

func TestDriftIsSeenAndCorrected(t *testing.T) {
	grafana, server := start(t)
	values := map[string]any{"configJson": `{"title":"T","uid":"ops"}`, "message": "from code"}
	made := create(t, server, dashboardURN, values)
	grafana.objects["/dashboards/uid/ops"]["dashboard"].(map[string]any)["title"] = "edited in the UI"
	read, err := server.Read(p.ReadRequest{Urn: dashboardURN, ID: made.ID, Properties: made.Properties, Inputs: properties(values)})
	must(t, err)
	resp := diff(t, server, dashboardURN, made.ID, read.Properties, values)
	if resp.DetailedDiff["configJson"].Kind != p.Update || len(resp.DetailedDiff) != 1 {
		t.Errorf("the diff is %v", resp.DetailedDiff)
	}
	_, err = server.Update(p.UpdateRequest{Urn: dashboardURN, ID: made.ID, State: read.Properties, Inputs: properties(values)})
	must(t, err)
	sent := grafana.sent[len(grafana.sent)-1]
	if sent["overwrite"] != true || sent["message"] != "from code" || sent["dashboard"].(map[string]any)["title"] != "T" {
		t.Errorf("what was sent is %v", sent)
	}
}

func TestWhatIsAnotherObjectIsReplacedOldOneFirst(t *testing.T) {
	for name, test := range map[string]struct {
		urn           resource.URN
		before, after map[string]any
	}{
		"a folder's uid":          {folderURN, map[string]any{"title": "T", "uid": "a"}, map[string]any{"title": "T", "uid": "b"}},
		"a folder's parent":       {folderURN, map[string]any{"title": "T"}, map[string]any{"title": "T", "parentFolderUid": "b"}},
		"a data source's uid":     {dataSourceURN, map[string]any{"type": "x", "name": "n", "uid": "a"}, map[string]any{"type": "x", "name": "n", "uid": "b"}},
		"a dashboard's uid":       {dashboardURN, map[string]any{"configJson": `{"uid":"a"}`}, map[string]any{"configJson": `{"uid":"b"}`}},
		"a dashboard's folder":    {dashboardURN, map[string]any{"configJson": `{"uid":"a"}`}, map[string]any{"configJson": `{"uid":"a"}`, "folder": "f"}},
		"a folder's organization": {folderURN, map[string]any{"title": "T"}, map[string]any{"title": "T", "orgId": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := start(t)
			made := create(t, server, test.urn, test.before)
			resp := diff(t, server, test.urn, made.ID, made.Properties, test.after)
			if !resp.DeleteBeforeReplace || len(resp.DetailedDiff) != 1 {
				t.Errorf("the diff is %v", resp)
			}
		})
	}
}

func TestSecretsOfADataSourceAreSentMarkedAndKept(t *testing.T) {
	grafana, server := start(t)
	values := map[string]any{
		"name": "n", "type": "prometheus", "secureJsonDataEncoded": `{"password":"s3cret"}`,
		"httpHeaders": map[string]any{"X-Scope": "me"},
	}
	made := create(t, server, dataSourceURN, values)
	secure, _ := grafana.sent[0]["secureJsonData"].(map[string]any)
	plain, _ := grafana.sent[0]["jsonData"].(map[string]any)
	if secure["password"] != "s3cret" || secure["httpHeaderValue1"] != "me" || plain["httpHeaderName1"] != "X-Scope" {
		t.Errorf("what was sent is %v", grafana.sent[0])
	}
	for _, name := range []string{"secureJsonDataEncoded", "httpHeaders"} {
		if !made.Properties.Get(name).Secret() {
			t.Errorf("%s is not secret in the state", name)
		}
	}
	values["secureJsonDataEncoded"] = `{"password":"other"}`
	if resp := diff(t, server, dataSourceURN, made.ID, made.Properties, values); !resp.HasChanges {
		t.Error("another password is no change")
	}
}

func TestNameThatWasChosenStays(t *testing.T) {
	_, server := start(t)
	values := map[string]any{"type": "loki"}
	first, err := server.Check(p.CheckRequest{Urn: dataSourceURN, Inputs: properties(values)})
	must(t, err)
	name := first.Inputs.Get("name").AsString()
	if !strings.HasPrefix(name, "it-") {
		t.Errorf("the name is %q", name)
	}
	second, err := server.Check(p.CheckRequest{Urn: dataSourceURN, State: first.Inputs, Inputs: properties(values)})
	must(t, err)
	if second.Inputs.Get("name").AsString() != name {
		t.Error("it has another name now")
	}
}

func TestFolderThatIsNotEmptyIsKeptWhenAskedFor(t *testing.T) {
	grafana, server := start(t)
	made := create(t, server, folderURN, map[string]any{"title": "T", "preventDestroyIfNotEmpty": true})
	err := server.Delete(p.DeleteRequest{Urn: folderURN, ID: made.ID, Properties: made.Properties})
	if err == nil || !strings.Contains(err.Error(), "inside") || len(grafana.objects) != 1 {
		t.Errorf("it was deleted, or the error does not tell what is inside: %v", err)
	}
}

func TestErrorTellsWhatGrafanaAnswered(t *testing.T) {
	_, server := start(t)
	_, err := server.Create(p.CreateRequest{Urn: folderURN, Properties: properties(map[string]any{"title": "taken"})})
	if err == nil || !strings.Contains(err.Error(), `creating folder "taken": Grafana answered 409: a folder with that name`) {
		t.Errorf("the error is %v", err)
	}
}

func TestInvalidInputsAreRefusedBeforeTheDeploy(t *testing.T) {
	_, server := start(t)
	for property, test := range map[string]struct {
		urn    resource.URN
		values map[string]any
	}{
		"configJson":            {dashboardURN, map[string]any{"configJson": "{not json"}},
		"uid":                   {folderURN, map[string]any{"title": "T", "uid": "a b"}},
		"jsonDataEncoded":       {dataSourceURN, map[string]any{"type": "x", "jsonDataEncoded": "["}},
		"secureJsonDataEncoded": {dataSourceURN, map[string]any{"type": "x", "secureJsonDataEncoded": `{"httpHeaderValue1":"x"}`}},
	} {
		resp, err := server.Check(p.CheckRequest{Urn: test.urn, Inputs: properties(test.values)})
		must(t, err)
		if len(resp.Failures) != 1 || resp.Failures[0].Property != property {
			t.Errorf("%s: the failures are %v", property, resp.Failures)
		}
	}
}

func TestUnavailableGrafanaIsAskedAgain(t *testing.T) {
	grafana, server := start(t)
	grafana.fail = 2
	create(t, server, folderURN, map[string]any{"title": "T"})
}

func TestChangedPasswordReplacesNothing(t *testing.T) {
	_, server := start(t)
	old := properties(map[string]any{"url": "http://x", "auth": "admin:old"})
	resp, err := server.DiffConfig(p.DiffRequest{
		Urn: "urn:pulumi:t::t::pulumi:providers:grafana::it", State: old, OldInputs: old,
		Inputs: properties(map[string]any{"url": "http://x", "auth": "admin:new"}),
	})
	must(t, err)
	if resp.DetailedDiff["auth"].Kind != p.Update || resp.DeleteBeforeReplace {
		t.Errorf("the diff is %v", resp)
	}
}

func TestPreviewWithoutGrafanaWorks(t *testing.T) {
	server, err := integration.NewServer(t.Context(), "grafana", semver.MustParse("2.40.0"),
		integration.WithProvider(Provider()))
	must(t, err)
	must(t, server.Configure(p.ConfigureRequest{Args: property.NewMap(map[string]property.Value{
		"url": property.New("http://x"), "auth": property.New(property.Computed),
	})}))
	_, err = server.Create(p.CreateRequest{
		Urn: folderURN, Properties: properties(map[string]any{"title": "T"}), DryRun: true,
	})
	must(t, err)
}
