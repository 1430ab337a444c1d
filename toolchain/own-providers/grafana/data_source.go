package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/models"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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

// Check refuses what is no JSON and what belongs elsewhere, and gives a name where there is none.
func (DataSource) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[DataSourceArgs], error) {
	args, failures, err := infer.DefaultCheck[DataSourceArgs](ctx, req.NewInputs)
	if err != nil {
		return infer.CheckResponse[DataSourceArgs]{Inputs: args, Failures: failures}, err
	}
	for property, given := range map[string]struct {
		text     *string
		reserved string
	}{
		"jsonDataEncoded":       {args.JSONDataEncoded, "httpHeaderName"},
		"secureJsonDataEncoded": {args.SecureJSONDataEncoded, "httpHeaderValue"},
	} {
		if given.text == nil || *given.text == "" || req.NewInputs.Get(property).HasComputed() {
			continue
		}
		failures = append(failures, notJSON(property, *given.text)...)
		if strings.Contains(*given.text, given.reserved) {
			failures = append(failures, p.CheckFailure{
				Property: property, Reason: given.reserved + " is reserved: use httpHeaders",
			})
		}
	}
	if _, given := req.NewInputs.GetOk("name"); !given {
		// The name that was chosen once stays.
		name := ""
		if before, found := req.OldInputs.GetOk("name"); found && before.IsString() {
			name = before.AsString()
		} else if name, err = resource.NewUniqueHex(req.Name+"-", 7, 0); err != nil {
			return infer.CheckResponse[DataSourceArgs]{}, err
		}
		args.Name = &name
	}
	return infer.CheckResponse[DataSourceArgs]{Inputs: args, Failures: failures}, nil
}

// Diff tells what changed; a data source of another uid is another data source.
func (DataSource) Diff(_ context.Context, req infer.DiffRequest[DataSourceArgs, DataSourceState]) (p.DiffResponse, error) {
	before, wanted, c := req.State, req.Inputs, changes{}
	c.add("orgId", organizationDiffers(req.ID, wanted.OrgID), true)
	c.add("uid", differsIfWanted(before.UID, wanted.UID), true)
	c.add("accessMode", differsIfWanted(before.AccessMode, wanted.AccessMode), false)
	c.add("basicAuthEnabled", differs(before.BasicAuthEnabled, wanted.BasicAuthEnabled), false)
	c.add("basicAuthUsername", differs(before.BasicAuthUsername, wanted.BasicAuthUsername), false)
	c.add("databaseName", differs(before.DatabaseName, wanted.DatabaseName), false)
	c.add("httpHeaders", !maps.Equal(value(before.HTTPHeaders), value(wanted.HTTPHeaders)), false)
	// Grafana always has a default: one ends by another one's beginning.
	c.add("isDefault", !value(before.IsDefault) && value(wanted.IsDefault), false)
	c.add("jsonDataEncoded", !sameJSON(value(before.JSONDataEncoded), value(wanted.JSONDataEncoded)), false)
	c.add("name", differs(before.Name, wanted.Name), false)
	c.add("secureJsonDataEncoded",
		!sameJSON(value(before.SecureJSONDataEncoded), value(wanted.SecureJSONDataEncoded)), false)
	c.add("type", before.Type != wanted.Type, false)
	c.add("url", differs(before.URL, wanted.URL), false)
	c.add("username", differs(before.Username, wanted.Username), false)
	return c.response(), nil
}

// Create makes the data source.
func (DataSource) Create(ctx context.Context, req infer.CreateRequest[DataSourceArgs]) (infer.CreateResponse[DataSourceState], error) {
	state := DataSourceState{DataSourceArgs: req.Inputs}
	if req.DryRun {
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
	inputs := resp.State.DataSourceArgs
	inputs.OrgID = req.Inputs.OrgID
	if !imported {
		inputs.UID = req.Inputs.UID
	}
	resp.Inputs = inputs
	return resp, nil
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

// command writes the inputs in Grafana's form, in which each header is a numbered pair of a name and a secret value.
func (a *DataSourceArgs) command() (*models.AddDataSourceCommand, error) {
	plain, secure := map[string]any{}, map[string]string{}
	if text := value(a.JSONDataEncoded); text != "" {
		if err := json.Unmarshal([]byte(text), &plain); err != nil {
			return nil, fmt.Errorf("jsonDataEncoded: %w", err)
		}
	}
	if text := value(a.SecureJSONDataEncoded); text != "" {
		if json.Unmarshal([]byte(text), &secure) != nil {
			// The decoder's own error could tell a part of it.
			return nil, errors.New("secureJsonDataEncoded is not a JSON object of strings")
		}
	}
	headers := value(a.HTTPHeaders)
	for i, name := range slices.Sorted(maps.Keys(headers)) {
		plain[fmt.Sprintf("httpHeaderName%d", i+1)] = name
		secure[fmt.Sprintf("httpHeaderValue%d", i+1)] = headers[name]
	}
	return &models.AddDataSourceCommand{
		Access: models.DsAccess(value(a.AccessMode)), BasicAuth: value(a.BasicAuthEnabled),
		BasicAuthUser: value(a.BasicAuthUsername), Database: value(a.DatabaseName), IsDefault: value(a.IsDefault),
		JSONData: plain, Name: value(a.Name), SecureJSONData: secure, Type: a.Type, UID: value(a.UID),
		URL: value(a.URL), User: value(a.Username),
	}, nil
}

func (s *DataSourceState) take(found *models.DataSource) error {
	plain, _ := found.JSONData.(map[string]any)
	headers := map[string]bool{}
	for name, content := range plain {
		if strings.HasPrefix(name, "httpHeaderName") {
			header, _ := content.(string)
			headers[header] = true
			delete(plain, name)
		}
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return err
	}
	if now := string(text); len(plain) > 0 && !sameJSON(value(s.JSONDataEncoded), now) ||
		len(plain) == 0 && !sameJSON(value(s.JSONDataEncoded), "") {
		s.JSONDataEncoded = &now
	}
	if s.HTTPHeaders != nil {
		kept := maps.Clone(*s.HTTPHeaders)
		maps.DeleteFunc(kept, func(name, _ string) bool { return !headers[name] })
		s.HTTPHeaders = &kept
	}
	s.AccessMode = keep(s.AccessMode, string(found.Access))
	s.BasicAuthEnabled = keep(s.BasicAuthEnabled, found.BasicAuth)
	s.BasicAuthUsername = keep(s.BasicAuthUsername, found.BasicAuthUser)
	s.DatabaseName = keep(s.DatabaseName, found.Database)
	s.IsDefault = keep(s.IsDefault, found.IsDefault)
	s.Name = keep(s.Name, found.Name)
	s.Type, s.UID = found.Type, &found.UID
	s.URL = keep(s.URL, found.URL)
	s.Username = keep(s.Username, found.User)
	return nil
}
