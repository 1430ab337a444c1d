package grafana

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestErrorTellsTheResourceTheStatusAndWhatGrafanaAnswered(t *testing.T) {
	_, server := start(t)
	_, err := server.Create(p.CreateRequest{Urn: folderURN, Properties: properties(map[string]any{"title": "taken"})})
	if err == nil || !strings.Contains(err.Error(), `creating folder "taken": Grafana answered 409: a folder with that name`) {
		t.Errorf("the error is %v", err)
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

func TestSilentGrafanaIsAskedAgainAndThenNamed(t *testing.T) {
	_, server := start(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	configure(t, server, map[string]any{"url": closed.URL, "auth": "admin:pw", "retries": 1.0, "retryWait": 1.0})
	_, err := server.Create(p.CreateRequest{Urn: folderURN, Properties: properties(map[string]any{"title": "T"})})
	if err == nil || !strings.Contains(err.Error(), `creating folder "T": Grafana does not answer at `+closed.URL+" (attempts: 2)") {
		t.Errorf("the error is %v", err)
	}
}

func TestStatusesToRetryAreTheGivenOnes(t *testing.T) {
	grafana, server := start(t)
	web := httptest.NewServer(grafana)
	t.Cleanup(web.Close)
	grafana.fail = 1
	configure(t, server, map[string]any{"url": web.URL, "auth": "token", "retryStatusCodes": []any{"429"}})
	_, err := server.Create(p.CreateRequest{Urn: folderURN, Properties: properties(map[string]any{"title": "T"})})
	if err == nil || !strings.Contains(err.Error(), "Grafana answered 503: not yet") || grafana.calls != 1 {
		t.Errorf("after %d calls the error is %v", grafana.calls, err)
	}
	if grafana.auth != "Bearer token" {
		t.Errorf("the credentials sent are %q", grafana.auth)
	}
}

func TestConflictIsCalledOne(t *testing.T) {
	_, server := start(t)
	values := map[string]any{"configJson": `{"title":"T","uid":"ops"}`}
	create(t, server, dashboardURN, values)
	_, err := server.Create(p.CreateRequest{Urn: dashboardURN, Properties: properties(values)})
	if err == nil || !strings.Contains(err.Error(), `saving dashboard "T": Grafana answered 412: A dashboard with the same uid already exists (conflict`) {
		t.Errorf("the error is %v", err)
	}
	values["overwrite"] = true
	create(t, server, dashboardURN, values)
}

func TestErrorNeverTellsASecret(t *testing.T) {
	grafana, server := start(t)
	web := httptest.NewServer(grafana)
	t.Cleanup(web.Close)
	configure(t, server, map[string]any{
		"url": web.URL, "auth": "admin:pass-word", "retries": 0.0, "httpHeaders": map[string]any{"X-Token": "tok-en"},
	})
	_, err := server.Create(p.CreateRequest{Urn: dataSourceURN, Properties: properties(map[string]any{
		"name": "echo", "type": "x", "secureJsonDataEncoded": `{"password":"s3cret"}`,
		"httpHeaders": map[string]any{"X-Scope": "sc-ope"},
	})})
	if err == nil || !strings.Contains(err.Error(), "Grafana answered 502: <h1>bad</h1> "+redacted) {
		t.Fatalf("the error is %v", err)
	}
	for _, secret := range []string{"pass-word", "tok-en", "s3cret", "sc-ope"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q tells %q", err, secret)
		}
	}
}

func TestNotFoundOfAProxyDeletesNothing(t *testing.T) {
	_, server := start(t)
	made := create(t, server, folderURN, map[string]any{"title": "T"})
	proxy := httptest.NewServer(nil)
	t.Cleanup(proxy.Close)
	configure(t, server, map[string]any{"url": proxy.URL, "auth": "admin:pw"})
	_, err := server.Read(p.ReadRequest{Urn: folderURN, ID: made.ID, Properties: made.Properties})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("the error is %v", err)
	}
}

func TestEnvironmentStandsInForTheAddressAndTheCredentials(t *testing.T) {
	grafana, server := start(t)
	web := httptest.NewServer(grafana)
	t.Cleanup(web.Close)
	t.Setenv("GRAFANA_URL", web.URL+"/")
	t.Setenv("GRAFANA_AUTH", "from-environment")
	configure(t, server, map[string]any{"url": "", "auth": ""})
	made := create(t, server, folderURN, map[string]any{"title": "T"})
	if grafana.auth != "Bearer from-environment" || made.Properties.Get("url").AsString() != web.URL+"/dashboards/f/chosen" {
		t.Errorf("%q was used for %v", grafana.auth, made.Properties)
	}
}
