package local

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const urn = resource.URN("urn:pulumi:test::test::command:local:Command::it")

func server(t *testing.T) integration.Server {
	t.Helper()
	server, err := integration.NewServer(t.Context(), "command", semver.MustParse("1.2.1"),
		integration.WithProvider(Provider()))
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func inputs(values map[string]any) property.Map {
	result := map[string]property.Value{}
	for name, value := range values {
		result[name] = property.Value(valueOf(value))
	}
	return property.NewMap(result)
}

func valueOf(value any) property.Value {
	switch value := value.(type) {
	case property.Value:
		return value
	case string:
		return property.New(value)
	case bool:
		return property.New(value)
	case []any:
		elements := make([]property.Value, len(value))
		for i, element := range value {
			elements[i] = valueOf(element)
		}
		return property.New(property.NewArray(elements))
	case map[string]any:
		return property.New(inputs(value))
	}
	panic("unknown type")
}

func secret(text string) property.Value { return property.New(text).WithSecret(true) }

func create(t *testing.T, values map[string]any) (p.CreateResponse, error) {
	t.Helper()
	return server(t).Create(p.CreateRequest{Urn: urn, Properties: inputs(values)})
}

func mustCreate(t *testing.T, values map[string]any) property.Map {
	t.Helper()
	resp, err := create(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Properties
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCreateKeepsBothStreamsWithoutTheLastNewline(t *testing.T) {
	state := mustCreate(t, map[string]any{"create": "echo out; echo err >&2"})
	expect(t, state.Get("stdout").AsString(), "out")
	expect(t, state.Get("stderr").AsString(), "err")
}

func TestPreviewRunsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	resp, err := server(t).Create(p.CreateRequest{
		Urn: urn, Properties: inputs(map[string]any{"create": "touch " + file}), DryRun: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the preview ran the command")
	}
	if !resp.Properties.Get("stdout").IsComputed() {
		t.Error("stdout is known before the command ran")
	}
}

func TestProgramGetsDirEnvironmentStdinAndInterpreter(t *testing.T) {
	dir := t.TempDir()
	state := mustCreate(t, map[string]any{
		"create": "pwd; echo $WORD; cat; echo $0", "dir": dir, "stdin": "typed\n",
		"environment": map[string]any{"WORD": "hello"},
		"interpreter": []any{"/bin/sh", "-e", "-c"},
	})
	real, _ := filepath.EvalSymlinks(dir)
	expect(t, state.Get("stdout").AsString(), real+"\nhello\ntyped\n/bin/sh")
}

func TestFailureTellsTheStatusTheCommandAndItsOutput(t *testing.T) {
	_, err := create(t, map[string]any{"create": "echo why; echo because >&2; exit 7"})
	if err == nil {
		t.Fatal("it did not fail")
	}
	for _, part := range []string{"exit status 7", `running "echo why; echo because >&2; exit 7"`, "why\n", "because\n"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

func TestFailureTellsTheEndOfALongOutput(t *testing.T) {
	_, err := create(t, map[string]any{"create": "seq 100000; echo the-end; exit 1"})
	if err == nil || !strings.Contains(err.Error(), "the-end") || len(err.Error()) > 2*errorOutputLimit {
		t.Errorf("the error is not the end of the output: %.200s", err)
	}
}

func TestOutputIsAsOpenAsTheOfficialPluginKeepsIt(t *testing.T) {
	state := mustCreate(t, map[string]any{
		"create": "echo x", "environment": map[string]any{"PASSWORD": secret("hunter2")},
	})
	if state.Get("stdout").Secret() || state.Get("stderr").Secret() {
		t.Error("an output is secret, which is not so with the official plugin")
	}
	if !state.Get("environment").HasSecrets() {
		t.Error("an input is not secret in the state any more")
	}
}

func TestUpdateRunsUpdateOrElseCreateWithTheOutputBefore(t *testing.T) {
	update := func(news map[string]any) string {
		olds := mustCreate(t, map[string]any{"create": "echo old"})
		resp, err := server(t).Update(p.UpdateRequest{ID: "it", Urn: urn, State: olds, Inputs: inputs(news)})
		if err != nil {
			t.Fatal(err)
		}
		return resp.Properties.Get("stdout").AsString()
	}
	expect(t, update(map[string]any{"create": "echo new", "update": "echo updated $PULUMI_COMMAND_STDOUT"}), "updated old")
	expect(t, update(map[string]any{"create": "echo new"}), "new")
	expect(t, update(map[string]any{"delete": "true"}), "old")
	expect(t, update(map[string]any{"create": "echo -$PULUMI_COMMAND_STDOUT", "addPreviousOutputInEnv": false}), "-")
}

func TestDeleteRunsWithTheOldInputs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deleted")
	state := mustCreate(t, map[string]any{
		"create": "echo made", "delete": "echo $WORD $PULUMI_COMMAND_STDOUT >" + file,
		"environment": map[string]any{"WORD": "old"},
	})
	if err := server(t).Delete(p.DeleteRequest{ID: "it", Urn: urn, Properties: state}); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(file)
	expect(t, string(content), "old made\n")
	without := mustCreate(t, map[string]any{"create": "echo made"})
	if err := server(t).Delete(p.DeleteRequest{ID: "it", Urn: urn, Properties: without}); err != nil {
		t.Error(err)
	}
}

func TestDiffReplacesOnTriggersAndUpdatesOnTheRest(t *testing.T) {
	before := map[string]any{"create": "echo x", "triggers": []any{"a", "b"}}
	diff := func(after map[string]any) p.DiffResponse {
		resp, err := server(t).Diff(p.DiffRequest{
			ID: "it", Urn: urn, State: mustCreate(t, before), OldInputs: inputs(before), Inputs: inputs(after),
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if diff(before).HasChanges {
		t.Error("nothing changed, and it is a change")
	}
	replaces := func(resp p.DiffResponse) bool {
		for _, property := range resp.DetailedDiff {
			switch property.Kind {
			case p.AddReplace, p.DeleteReplace, p.UpdateReplace:
				return true
			}
		}
		return false
	}
	if resp := diff(map[string]any{"create": "echo x", "triggers": []any{"a", "c"}}); !replaces(resp) {
		t.Errorf("a trigger does not replace: %v", resp)
	}
	if resp := diff(map[string]any{"create": "echo x"}); !replaces(resp) {
		t.Errorf("the triggers' end does not replace: %v", resp)
	}
	resp := diff(map[string]any{"create": "echo y", "triggers": []any{"a", "b"}})
	if !resp.HasChanges || replaces(resp) {
		t.Errorf("a changed command does not update: %v", resp)
	}
}

func TestPathsBecomeAssetsAndAnArchive(t *testing.T) {
	dir := t.TempDir()
	state := mustCreate(t, map[string]any{
		"create": "mkdir sub; echo 1 >sub/a.txt; echo 2 >sub/secret.txt", "dir": dir,
		"assetPaths": []any{"**.txt", "!**secret*"}, "archivePaths": []any{"sub/*"},
	})
	assets := state.Get("assets").AsMap()
	if _, found := assets.GetOk("sub/a.txt"); !found || assets.Len() != 1 {
		t.Errorf("assets are %v", assets)
	}
	archived := state.Get("archive").AsMap().Get("assets").AsMap()
	if _, found := archived.GetOk("sub/secret.txt"); !found || archived.Len() != 2 {
		t.Errorf("the archive is %v", archived)
	}
}

func TestCancellationEndsTheWholeProcessGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "late")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	var process Process
	err := process.run(ctx, "(sleep 2; touch "+file+") & wait", &Result{})
	if err == nil || time.Since(begin) > time.Second {
		t.Errorf("it went on for %s: %v", time.Since(begin), err)
	}
	time.Sleep(2500 * time.Millisecond)
	if _, err := os.Stat(file); err == nil {
		t.Error("a child survived")
	}
}

func TestRunAnswersWithTheOutput(t *testing.T) {
	resp, err := server(t).Invoke(p.InvokeRequest{
		Token: "command:local:run", Args: inputs(map[string]any{"command": "echo hello"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, resp.Return.Get("stdout").AsString(), "hello")
}
