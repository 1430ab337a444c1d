package grafana

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/client"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Several resources are made at once, and the client's constructor writes to a variable of the whole process.
var constructing sync.Mutex

// api returns the client for an organization, and the organization's number: 0 is the credentials' own.
func api(ctx context.Context, organization *string) (*client.GrafanaHTTPAPI, int64, error) {
	constructing.Lock()
	defer constructing.Unlock()
	config, err := infer.GetConfig[*Config](ctx).client()
	if err != nil {
		return nil, 0, err
	}
	if value(organization) != "" {
		if config.OrgID, err = strconv.ParseInt(*organization, 10, 64); err != nil {
			return nil, 0, fmt.Errorf("orgId must be a number, not %q", *organization)
		}
	}
	grafana := client.NewHTTPClientWithConfig(strfmt.Default, config)
	grafana.SetTransport(&caller{ctx: ctx, next: grafana.Transport})
	return grafana, config.OrgID, nil
}

func (c *Config) client() (*client.TransportConfig, error) {
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	config := client.DefaultTransportConfig().WithHost(address.Host).WithSchemes([]string{address.Scheme}).
		WithBasePath(address.Path + "/api")
	if config.Client, err = c.httpClient(); err != nil {
		return nil, err
	}
	user, password, basic := strings.Cut(c.Auth, ":")
	switch {
	case basic:
		config.BasicAuth = url.UserPassword(user, password)
		// A token belongs to an organization; a user has to say which one is meant.
		config.OrgID = 1
		if c.OrgID != 0 {
			config.OrgID = int64(c.OrgID)
		}
	case c.Auth == "":
		return nil, errors.New("grafana:auth is missing: a service account token, user:password, or anonymous")
	case c.Auth != "anonymous":
		config.APIKey = c.Auth
	}
	return config, nil
}

// address returns where Grafana is, without a slash at the end.
func (c *Config) address() (*url.URL, error) {
	address, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		// What was given is not told: it may hold a password.
		return nil, errors.New("grafana:url must be Grafana's address, such as http://localhost:3000")
	}
	return address, nil
}

// pageURL returns the address of a path that Grafana told, which begins with Grafana's own subpath.
func pageURL(ctx context.Context, path string) string {
	base := strings.TrimRight(infer.GetConfig[*Config](ctx).URL, "/")
	if address, err := url.Parse(base); err == nil {
		path = strings.TrimPrefix(path, address.Path)
	}
	return base + path
}

// caller lets a cancelled deploy end its calls, and tells every failure in one way.
type caller struct {
	ctx  context.Context
	next runtime.ClientTransport
}

func (c *caller) Submit(operation *runtime.ClientOperation) (any, error) {
	params, reader := operation.Params, operation.Reader
	operation.Context = c.ctx
	operation.Params = runtime.ClientRequestWriterFunc(func(r runtime.ClientRequest, formats strfmt.Registry) error {
		if err := params.WriteToRequest(r, formats); err != nil {
			return err
		}
		// The client's own limit of 30 s would hold for all attempts together; here each has its own.
		return r.SetTimeout(0)
	})
	operation.Reader = runtime.ClientResponseReaderFunc(func(r runtime.ClientResponse, c runtime.Consumer) (any, error) {
		if r.Code() >= 300 {
			return nil, readRefusal(r)
		}
		return reader.ReadResponse(r, c)
	})
	return c.next.Submit(operation)
}
