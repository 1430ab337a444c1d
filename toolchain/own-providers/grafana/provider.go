// Package grafana stands in for folders, data sources and dashboards of the official Grafana provider.
package grafana

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/client"
	"github.com/grafana/grafana-openapi-client-go/models"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Provider returns the provider under the name by which the engine knows the official one.
func Provider() p.Provider {
	provider := infer.Provider(infer.Options{
		Config: infer.Config(&Config{}),
		Resources: []infer.InferredResource{
			infer.Resource(Folder{}), infer.Resource(DataSource{}), infer.Resource(Dashboard{}),
		},
	})
	diffConfig := provider.DiffConfig
	provider.DiffConfig = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp, err := diffConfig(ctx, req)
		return withoutReplacement(resp), err
	}
	return provider
}

// withoutReplacement keeps what a provider manages when its configuration changes: the framework replaces the provider
// and with it every resource, and a rotated password would delete every dashboard.
func withoutReplacement(resp p.DiffResponse) p.DiffResponse {
	updating := map[p.DiffKind]p.DiffKind{p.AddReplace: p.Add, p.DeleteReplace: p.Delete, p.UpdateReplace: p.Update}
	for path, change := range resp.DetailedDiff {
		if kind, found := updating[change.Kind]; found {
			change.Kind = kind
			resp.DetailedDiff[path] = change
		}
	}
	resp.DeleteBeforeReplace = false
	return resp
}

// Config is the provider's configuration.
type Config struct {
	URL                string            `pulumi:"url,optional"`
	Auth               string            `pulumi:"auth,optional" provider:"secret"`
	OrgID              int               `pulumi:"orgId,optional"`
	Retries            *int              `pulumi:"retries,optional"`
	RetryStatusCodes   []string          `pulumi:"retryStatusCodes,optional"`
	RetryWait          int               `pulumi:"retryWait,optional"`
	HTTPHeaders        map[string]string `pulumi:"httpHeaders,optional" provider:"secret"`
	CACert             string            `pulumi:"caCert,optional"`
	InsecureSkipVerify bool              `pulumi:"insecureSkipVerify,optional"`

	mutex *sync.Mutex
	root  *client.GrafanaHTTPAPI
}

// Annotate tells the environment variables that stand in for values.
func (c *Config) Annotate(a infer.Annotator) {
	a.SetDefault(&c.URL, "", "GRAFANA_URL")
	a.SetDefault(&c.Auth, "", "GRAFANA_AUTH")
	a.SetDefault(&c.CACert, "", "GRAFANA_CA_CERT")
}

// Configure prepares the client; it connects to nothing, because in a preview the address may not be known yet.
func (c *Config) Configure(context.Context) error {
	c.mutex, c.root = &sync.Mutex{}, nil
	return nil
}

// api returns the client for an organization, and the organization's number: 0 is the credentials' own.
func api(ctx context.Context, organization *string) (*client.GrafanaHTTPAPI, int64, error) {
	c := infer.GetConfig[*Config](ctx)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.root == nil {
		transport, err := c.transport()
		if err != nil {
			return nil, 0, err
		}
		c.root = client.NewHTTPClientWithConfig(strfmt.Default, transport)
	}
	if organization == nil || *organization == "" {
		return c.root, c.root.OrgID(), nil
	}
	id, err := strconv.ParseInt(*organization, 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("orgId must be a number, not %q", *organization)
	}
	if id == c.root.OrgID() {
		return c.root, id, nil
	}
	return c.root.Clone().WithOrgID(id), id, nil
}

func (c *Config) transport() (*client.TransportConfig, error) {
	address, err := url.Parse(c.URL)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("grafana:url must be Grafana's address, such as http://localhost:3000, not %q", c.URL)
	}
	security, err := c.security()
	if err != nil {
		return nil, err
	}
	config := client.DefaultTransportConfig().WithHost(address.Host).WithSchemes([]string{address.Scheme}).
		WithBasePath(strings.TrimRight(address.Path, "/") + "/api")
	config.TLSConfig, config.HTTPHeaders = security, c.HTTPHeaders
	config.NumRetries, config.RetryTimeout = 3, time.Duration(c.RetryWait)*time.Second
	if c.Retries != nil {
		config.NumRetries = *c.Retries
	}
	config.RetryStatusCodes = c.RetryStatusCodes
	if len(config.RetryStatusCodes) == 0 {
		config.RetryStatusCodes = []string{"429", "5xx"}
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

func (c *Config) security() (*tls.Config, error) {
	security := &tls.Config{InsecureSkipVerify: c.InsecureSkipVerify, MinVersion: tls.VersionTLS12}
	if c.CACert == "" {
		return security, nil
	}
	content := []byte(c.CACert)
	if !strings.Contains(c.CACert, "-----BEGIN") {
		file, err := os.ReadFile(c.CACert)
		if err != nil {
			return nil, fmt.Errorf("grafana:caCert: %w", err)
		}
		content = file
	}
	security.RootCAs = x509.NewCertPool()
	if !security.RootCAs.AppendCertsFromPEM(content) {
		return nil, errors.New("grafana:caCert holds no certificate")
	}
	return security, nil
}

// pageURL returns the address of a path that Grafana told, which begins with Grafana's own subpath.
func pageURL(ctx context.Context, path string) string {
	base := strings.TrimRight(infer.GetConfig[*Config](ctx).URL, "/")
	if address, err := url.Parse(base); err == nil {
		path = strings.TrimPrefix(path, address.Path)
	}
	return base + path
}

// makeID and splitID write and read ids as the official provider does: orgId:uid, where an import may leave out orgId.
func makeID(organization int64, uid string) string { return fmt.Sprintf("%d:%s", organization, uid) }

func splitID(id string) (organization *string, uid string) {
	if before, after, found := strings.Cut(id, ":"); found {
		return &before, after
	}
	return nil, id
}

// failure tells what Grafana answered: the client's own errors hold pointers and names of generated functions.
func failure(action string, err error) error {
	if err == nil {
		return nil
	}
	var answer interface {
		Code() int
		GetPayload() *models.ErrorResponseBody
	}
	if errors.As(err, &answer) && answer.GetPayload() != nil && answer.GetPayload().Message != nil {
		return fmt.Errorf("%s: Grafana answered %d: %s", action, answer.Code(), *answer.GetPayload().Message)
	}
	return fmt.Errorf("%s: %w", action, err)
}

func isNotFound(err error) bool {
	var answer interface{ IsCode(int) bool }
	return errors.As(err, &answer) && answer.IsCode(404)
}

// value returns what a pointer points to, or the zero value: Grafana does not tell the two apart.
func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// keep returns the pointer that was there when it means the same, so that a value left out stays left out.
func keep[T comparable](before *T, now T) *T {
	if value(before) == now {
		return before
	}
	return &now
}
