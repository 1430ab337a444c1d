package grafana

import (
	"context"
	"errors"
	"fmt"

	"github.com/grafana/grafana-openapi-client-go/models"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// DataSource is the resource grafana:oss/dataSource:DataSource.
type DataSource struct{}

// DataSourceArgs are the inputs of a DataSource.
type DataSourceArgs struct {
	AccessMode            *string            `pulumi:"accessMode,optional"`
	BasicAuthEnabled      *bool              `pulumi:"basicAuthEnabled,optional"`
	BasicAuthUsername     *string            `pulumi:"basicAuthUsername,optional"`
	DatabaseName          *string            `pulumi:"databaseName,optional"`
	HTTPHeaders           *map[string]string `pulumi:"httpHeaders,optional" provider:"secret"`
	IsDefault             *bool              `pulumi:"isDefault,optional"`
	JSONDataEncoded       *string            `pulumi:"jsonDataEncoded,optional"`
	Name                  *string            `pulumi:"name,optional"`
	OrgID                 *string            `pulumi:"orgId,optional"`
	SecureJSONDataEncoded *string            `pulumi:"secureJsonDataEncoded,optional" provider:"secret"`
	Type                  string             `pulumi:"type"`
	UID                   *string            `pulumi:"uid,optional"`
	URL                   *string            `pulumi:"url,optional"`
	Username              *string            `pulumi:"username,optional"`
}

// DataSourceState is what is kept of a DataSource.
type DataSourceState struct {
	DataSourceArgs
}

// Annotate sets the official type.
func (d *DataSource) Annotate(a infer.Annotator) {
	a.SetToken("oss/dataSource", "DataSource")
	a.AddAlias("index/dataSource", "DataSource")
}

// Annotate sets the official default.
func (d *DataSourceArgs) Annotate(a infer.Annotator) {
	a.SetDefault(&d.AccessMode, "proxy")
}

// Create makes the data source.
func (DataSource) Create(ctx context.Context, req infer.CreateRequest[DataSourceArgs]) (infer.CreateResponse[DataSourceState], error) {
	state := DataSourceState{DataSourceArgs: req.Inputs}
	if req.DryRun {
		if state.UID == nil {
			// Only what is there becomes unknown.
			state.UID = new(string)
		}
		return infer.CreateResponse[DataSourceState]{Output: state}, nil
	}
	grafana, organization, err := api(ctx, req.Inputs.OrgID)
	if err != nil {
		return infer.CreateResponse[DataSourceState]{}, err
	}
	command, err := req.Inputs.command()
	if err != nil {
		return infer.CreateResponse[DataSourceState]{}, err
	}
	made, err := grafana.Datasources.AddDataSource(command)
	if err != nil {
		return infer.CreateResponse[DataSourceState]{}, failure(fmt.Sprintf("creating data source %q", command.Name), err)
	}
	if made.Payload.Datasource == nil {
		return infer.CreateResponse[DataSourceState]{}, errors.New("Grafana answered without a data source")
	}
	uid := made.Payload.Datasource.UID
	state.UID = &uid
	return infer.CreateResponse[DataSourceState]{ID: makeID(organization, uid), Output: state}, nil
}

// Read takes what is there. Grafana never tells the secret part, so what was sent is kept. An empty id tells that
// nothing is there.
func (DataSource) Read(ctx context.Context, req infer.ReadRequest[DataSourceArgs, DataSourceState]) (infer.ReadResponse[DataSourceArgs, DataSourceState], error) {
	resp := infer.ReadResponse[DataSourceArgs, DataSourceState]{Inputs: req.Inputs, State: req.State}
	organization, uid := splitID(req.ID)
	grafana, number, err := api(ctx, organization)
	if err != nil {
		return resp, err
	}
	found, err := grafana.Datasources.GetDataSourceByUID(uid)
	if isNotFound(err) {
		return infer.ReadResponse[DataSourceArgs, DataSourceState]{}, nil
	}
	if err != nil {
		return resp, failure("reading data source "+uid, err)
	}
	imported := req.Inputs.Type == ""
	if imported && found.Payload.ReadOnly {
		return resp, fmt.Errorf("data source %s is provisioned by a file and read-only: it cannot be imported", uid)
	}
	resp.ID = makeID(number, found.Payload.UID)
	if err := resp.State.take(found.Payload); err != nil {
		return resp, err
	}
	if imported {
		resp.Inputs = resp.State.DataSourceArgs
		resp.Inputs.OrgID = req.Inputs.OrgID
		return resp, nil
	}
	// What was left out stays left out.
	inputs := DataSourceState{DataSourceArgs: req.Inputs}
	err = inputs.take(found.Payload)
	inputs.UID = req.Inputs.UID
	resp.Inputs = inputs.DataSourceArgs
	return resp, err
}

// Update changes the data source.
func (DataSource) Update(ctx context.Context, req infer.UpdateRequest[DataSourceArgs, DataSourceState]) (infer.UpdateResponse[DataSourceState], error) {
	state := DataSourceState{DataSourceArgs: req.Inputs}
	state.UID = req.State.UID
	if req.DryRun {
		return infer.UpdateResponse[DataSourceState]{Output: state}, nil
	}
	organization, uid := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.UpdateResponse[DataSourceState]{}, err
	}
	c, err := state.command()
	if err != nil {
		return infer.UpdateResponse[DataSourceState]{}, err
	}
	_, err = grafana.Datasources.UpdateDataSourceByUID(uid, &models.UpdateDataSourceCommand{
		Access: c.Access, BasicAuth: c.BasicAuth, BasicAuthUser: c.BasicAuthUser, Database: c.Database,
		IsDefault: c.IsDefault, JSONData: c.JSONData, Name: c.Name, SecureJSONData: c.SecureJSONData, Type: c.Type,
		UID: c.UID, URL: c.URL, User: c.User,
	})
	return infer.UpdateResponse[DataSourceState]{Output: state}, failure("updating data source "+uid, err)
}

// Delete removes the data source.
func (DataSource) Delete(ctx context.Context, req infer.DeleteRequest[DataSourceState]) (infer.DeleteResponse, error) {
	organization, uid := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	if _, err := grafana.Datasources.DeleteDataSourceByUID(uid); err != nil && !isNotFound(err) {
		return infer.DeleteResponse{}, failure("deleting data source "+uid, err)
	}
	return infer.DeleteResponse{}, nil
}
