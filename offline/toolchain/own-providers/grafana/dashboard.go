package grafana

import (
	"context"
	"encoding/json"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Dashboard is the resource grafana:oss/dashboard:Dashboard.
type Dashboard struct{}

// DashboardArgs are the inputs of a Dashboard.
type DashboardArgs struct {
	ConfigJSON string  `pulumi:"configJson"`
	Folder     *string `pulumi:"folder,optional"`
	Message    *string `pulumi:"message,optional"`
	OrgID      *string `pulumi:"orgId,optional"`
	Overwrite  *bool   `pulumi:"overwrite,optional"`
}

// DashboardState is what is kept of a Dashboard.
type DashboardState struct {
	DashboardArgs
	DashboardID int    `pulumi:"dashboardId"`
	UID         string `pulumi:"uid"`
	URL         string `pulumi:"url"`
	Version     int    `pulumi:"version"`
}

// Annotate sets the official type.
func (d *Dashboard) Annotate(a infer.Annotator) {
	a.SetToken("oss/dashboard", "Dashboard")
	a.AddAlias("index/dashboard", "Dashboard")
}

// Check refuses what is no JSON, and writes the rest in one way, so that a reformatted file is no change.
func (Dashboard) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[DashboardArgs], error) {
	args, failures, err := infer.DefaultCheck[DashboardArgs](ctx, req.NewInputs)
	if text := req.NewInputs.Get("configJson"); text.IsString() {
		failures = append(failures, notJSON("configJson", args.ConfigJSON)...)
		args.ConfigJSON = normalizedDashboard(args.ConfigJSON)
	}
	return infer.CheckResponse[DashboardArgs]{Inputs: args, Failures: failures}, err
}

// Diff tells what changed; a dashboard of another uid is another dashboard.
func (Dashboard) Diff(_ context.Context, req infer.DiffRequest[DashboardArgs, DashboardState]) (p.DiffResponse, error) {
	before, wanted, c := req.State, req.Inputs, changes{}
	c.add("orgId", organizationDiffers(req.ID, wanted.OrgID), true)
	c.add("folder", folderOf(before.Folder) != folderOf(wanted.Folder), false)
	uid := dashboardUID(wanted.ConfigJSON)
	c.add("configJson", normalizedDashboard(before.ConfigJSON) != normalizedDashboard(wanted.ConfigJSON),
		uid != "" && uid != before.UID)
	c.add("message", differs(before.Message, wanted.Message), false)
	c.add("overwrite", differs(before.Overwrite, wanted.Overwrite), false)
	return c.response(), nil
}

// Create saves the dashboard.
func (Dashboard) Create(ctx context.Context, req infer.CreateRequest[DashboardArgs]) (infer.CreateResponse[DashboardState], error) {
	state := DashboardState{DashboardArgs: req.Inputs}
	if req.DryRun {
		return infer.CreateResponse[DashboardState]{Output: state}, nil
	}
	grafana, organization, err := api(ctx, req.Inputs.OrgID)
	if err != nil {
		return infer.CreateResponse[DashboardState]{}, err
	}
	err = state.save(ctx, grafana, value(req.Inputs.Overwrite))
	return infer.CreateResponse[DashboardState]{ID: makeID(organization, state.UID), Output: state}, err
}

// Read takes what is there. An empty id tells that nothing is.
func (Dashboard) Read(ctx context.Context, req infer.ReadRequest[DashboardArgs, DashboardState]) (infer.ReadResponse[DashboardArgs, DashboardState], error) {
	resp := infer.ReadResponse[DashboardArgs, DashboardState]{Inputs: req.Inputs, State: req.State}
	organization, uid := splitID(req.ID)
	grafana, number, err := api(ctx, organization)
	if err != nil {
		return resp, err
	}
	found, err := grafana.Dashboards.GetDashboardByUID(uid)
	if isNotFound(err) {
		return infer.ReadResponse[DashboardArgs, DashboardState]{}, nil
	}
	if err != nil {
		return resp, failure("reading dashboard "+uid, err)
	}
	model, _ := found.Payload.Dashboard.(map[string]any)
	if model == nil || found.Payload.Meta == nil {
		return resp, fmt.Errorf("reading dashboard %s: Grafana answered without a dashboard", uid)
	}
	resp.ID = makeID(number, uid)
	resp.State.UID, resp.State.URL = uid, pageURL(ctx, found.Payload.Meta.URL)
	resp.State.DashboardID, resp.State.Version = number64(model["id"]), number64(model["version"])
	if req.Inputs.ConfigJSON != "" && dashboardUID(req.Inputs.ConfigJSON) == "" {
		// Grafana chose the uid.
		delete(model, "uid")
	}
	text, err := json.Marshal(model)
	if err != nil {
		return resp, err
	}
	if now := normalizedDashboard(string(text)); now != normalizedDashboard(req.State.ConfigJSON) {
		resp.State.ConfigJSON = now
	}
	if folder := found.Payload.Meta.FolderUID; folder != folderOf(req.State.Folder) {
		resp.State.Folder = &folder
	}
	if normalizedDashboard(req.Inputs.ConfigJSON) != normalizedDashboard(resp.State.ConfigJSON) {
		resp.Inputs.ConfigJSON = resp.State.ConfigJSON
	}
	if folderOf(req.Inputs.Folder) != folderOf(resp.State.Folder) {
		resp.Inputs.Folder = resp.State.Folder
	}
	return resp, nil
}

// Update saves the dashboard over the one that is there, whatever version that is. In another folder it keeps its versions.
func (Dashboard) Update(ctx context.Context, req infer.UpdateRequest[DashboardArgs, DashboardState]) (infer.UpdateResponse[DashboardState], error) {
	state := req.State
	state.DashboardArgs = req.Inputs
	if req.DryRun {
		return infer.UpdateResponse[DashboardState]{Output: state}, nil
	}
	organization, _ := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.UpdateResponse[DashboardState]{}, err
	}
	err = state.save(ctx, grafana, true)
	return infer.UpdateResponse[DashboardState]{Output: state}, err
}

// Delete removes the dashboard.
func (Dashboard) Delete(ctx context.Context, req infer.DeleteRequest[DashboardState]) (infer.DeleteResponse, error) {
	organization, uid := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	if _, err := grafana.Dashboards.DeleteDashboardByUID(uid); err != nil && !isNotFound(err) {
		return infer.DeleteResponse{}, failure("deleting dashboard "+uid, err)
	}
	return infer.DeleteResponse{}, nil
}
