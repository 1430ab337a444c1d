package grafana

import (
	"context"
	"maps"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

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
