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
	url     string
	auth    string
	token   string
	calls   int
	fail    int
}

func (g *fakeGrafana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.calls++
	g.auth, g.token = r.Header.Get("Authorization"), r.Header.Get("X-Token")
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
		g.objects["/folders/"+uid] = map[string]any{
			"uid": uid, "title": body["title"], "parentUid": body["parentUid"], "url": "/dashboards/f/" + uid,
		}
		answer(200, g.objects["/folders/"+uid])
	case r.Method == "POST" && path == "/datasources":
		if body["name"] == "echo" {
			// A proxy that shows what it was sent, as no JSON.
			w.WriteHeader(http.StatusBadGateway)
			_, _ = fmt.Fprint(w, "<h1>bad</h1> ", r.Header.Get("X-Token"), body["secureJsonData"])
			return
		}
		uid := either(body["uid"], "chosen")
		body["uid"] = uid
		delete(body, "secureJsonData")
		g.objects["/datasources/uid/"+uid] = body
		answer(200, map[string]any{"datasource": body, "id": 1, "message": "ok", "name": body["name"]})
	case r.Method == "POST" && path == "/dashboards/db":
		model := body["dashboard"].(map[string]any)
		uid := either(model["uid"], "chosen")
		if g.objects["/dashboards/uid/"+uid] != nil && body["overwrite"] != true {
			answer(http.StatusPreconditionFailed, map[string]any{"message": "A dashboard with the same uid already exists"})
			return
		}
		if model["title"] == "somebody's" {
			uid = "somebodys"
		}
		model["uid"], model["id"], model["version"] = uid, 7, 3
		g.objects["/dashboards/uid/"+uid] = map[string]any{
			"dashboard": model, "meta": map[string]any{"url": "/d/" + uid, "folderUid": body["folderUid"]},
		}
		answer(200, map[string]any{
			"uid": uid, "id": 7, "version": 3, "url": "/d/" + uid, "status": "success", "title": "t",
		})
	case r.Method == "POST" && strings.HasSuffix(path, "/move"):
		folder := g.objects[strings.TrimSuffix(path, "/move")]
		folder["parentUid"] = body["parentUid"]
		answer(200, folder)
	case path == "/health":
		answer(200, map[string]any{"database": "ok"})
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
	grafana.url = web.URL
	server, err := integration.NewServer(t.Context(), "grafana", semver.MustParse("2.40.0"),
		integration.WithProvider(Provider()))
	if err != nil {
		t.Fatal(err)
	}
	configure(t, server, map[string]any{"url": web.URL, "auth": "admin:pw"})
	return grafana, server
}

func configure(t *testing.T, server integration.Server, values map[string]any) {
	t.Helper()
	must(t, server.Configure(p.ConfigureRequest{Args: properties(values)}))
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
		case []any:
			var elements []property.Value
			for _, element := range value {
				elements = append(elements, property.New(element.(string)))
			}
			result[name] = property.New(elements)
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
