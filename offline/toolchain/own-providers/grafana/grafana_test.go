package grafana

import (
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

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

func TestImportOfWhatIsNotThereFails(t *testing.T) {
	_, server := start(t)
	_, err := server.Read(p.ReadRequest{Urn: dashboardURN, ID: "1:nope"})
	if err == nil || !strings.Contains(err.Error(), `no Dashboard "1:nope"`) {
		t.Errorf("the error is %v", err)
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
	// One that was deleted in Grafana and made again has another number, and Grafana knows the old one no more.
	if number, isThere := sent["dashboard"].(map[string]any)["id"]; isThere {
		t.Errorf("it is asked for by its number %v", number)
	}
}

func TestWhatIsAnotherObjectIsReplacedOldOneFirst(t *testing.T) {
	for name, test := range map[string]struct {
		urn           resource.URN
		before, after map[string]any
	}{
		"a folder's uid":          {folderURN, map[string]any{"title": "T", "uid": "a"}, map[string]any{"title": "T", "uid": "b"}},
		"a data source's uid":     {dataSourceURN, map[string]any{"type": "x", "name": "n", "uid": "a"}, map[string]any{"type": "x", "name": "n", "uid": "b"}},
		"a dashboard's uid":       {dashboardURN, map[string]any{"configJson": `{"uid":"a"}`}, map[string]any{"configJson": `{"uid":"b"}`}},
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

func TestWhatIsMovedIsUpdated(t *testing.T) {
	for urn, test := range map[resource.URN]struct {
		property      string
		before, after map[string]any
	}{
		folderURN: {"parentFolderUid", map[string]any{"title": "T", "uid": "a"},
			map[string]any{"title": "T", "uid": "a", "parentFolderUid": "b"}},
		dashboardURN: {"folder", map[string]any{"configJson": `{"uid":"a","title":"T"}`, "folder": "f"},
			map[string]any{"configJson": `{"uid":"a","title":"T"}`, "folder": "1:b"}},
	} {
		grafana, server := start(t)
		made := create(t, server, urn, test.before)
		resp := diff(t, server, urn, made.ID, made.Properties, test.after)
		if resp.DeleteBeforeReplace || len(resp.DetailedDiff) != 1 || resp.DetailedDiff[test.property].Kind != p.Update {
			t.Errorf("%s: the diff is %v", test.property, resp)
		}
		moved, err := server.Update(p.UpdateRequest{
			Urn: urn, ID: made.ID, State: made.Properties, Inputs: properties(test.after),
		})
		must(t, err)
		read, err := server.Read(p.ReadRequest{Urn: urn, ID: made.ID, Properties: moved.Properties, Inputs: properties(test.after)})
		must(t, err)
		if !read.Properties.Equals(moved.Properties) || len(grafana.objects) != 1 {
			t.Errorf("%s: it was moved to %v", test.property, read.Properties)
		}
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

func TestDashboardThatGrafanaSavedOverAnotherOneIsAnError(t *testing.T) {
	_, server := start(t)
	_, err := server.Create(p.CreateRequest{Urn: dashboardURN, Properties: properties(map[string]any{
		"configJson": `{"uid":"ours","title":"somebody's"}`, "overwrite": true,
	})})
	if err == nil || !strings.Contains(err.Error(), "whose uid is somebodys") {
		t.Errorf("the error does not tell whose dashboard it was: %v", err)
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

func TestDashboardIsNormalised(t *testing.T) {
	text := normalizedDashboard(`{"version": 4, "b": 1, "id": 3, "a": [2, 1]}`)
	if text != `{"a":[2,1],"b":1}` {
		t.Errorf("it is %s", text)
	}
	_, server := start(t)
	made := create(t, server, dashboardURN, map[string]any{"configJson": `{"uid":"ops","title":"T"}`})
	again := map[string]any{"configJson": "{\n \"title\": \"T\", \"id\": 9,\n \"version\": 2, \"uid\": \"ops\"}"}
	if resp := diff(t, server, dashboardURN, made.ID, made.Properties, again); resp.HasChanges {
		t.Errorf("another format is a change: %v", resp.DetailedDiff)
	}
}

func TestUidThatGrafanaChoseIsUnknownOnlyBeforeItIsMade(t *testing.T) {
	grafana, server := start(t)
	planned, err := server.Create(p.CreateRequest{
		Urn: folderURN, Properties: properties(map[string]any{"title": "T"}), DryRun: true,
	})
	must(t, err)
	if !planned.Properties.Get("uid").IsComputed() || grafana.calls != 0 {
		t.Errorf("the preview tells %v, after %d calls", planned.Properties, grafana.calls)
	}
	made := create(t, server, folderURN, map[string]any{"title": "T"})
	updated, err := server.Update(p.UpdateRequest{
		Urn: folderURN, ID: made.ID, State: made.Properties, Inputs: properties(map[string]any{"title": "U"}), DryRun: true,
	})
	must(t, err)
	if uid := updated.Properties.Get("uid"); !uid.IsString() || uid.AsString() != "chosen" {
		t.Errorf("a new title makes the uid %v, and every dashboard in it replaced", uid)
	}
}
