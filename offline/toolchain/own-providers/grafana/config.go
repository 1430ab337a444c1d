package grafana

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
)

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

	http *http.Client
}

// Annotate tells the environment variables that stand in for values.
func (c *Config) Annotate(a infer.Annotator) {
	a.SetDefault(&c.URL, "", "GRAFANA_URL")
	a.SetDefault(&c.Auth, "", "GRAFANA_AUTH")
	a.SetDefault(&c.CACert, "", "GRAFANA_CA_CERT")
}

// Configure drops what an earlier configuration made. It connects to nothing and reads nothing: in a preview the address
// may not be known yet, nor the file of caCert be there.
//
// What "pulumi import" leaves in the state holds no defaults, so the environment is asked here as well.
func (c *Config) Configure(context.Context) error {
	c.http = nil
	for field, name := range map[*string]string{
		&c.URL: "GRAFANA_URL", &c.Auth: "GRAFANA_AUTH", &c.CACert: "GRAFANA_CA_CERT",
	} {
		if *field == "" {
			*field = os.Getenv(name)
		}
	}
	return nil
}

// httpClient returns what all calls share. Its caller holds the lock.
func (c *Config) httpClient() (*http.Client, error) {
	if c.http != nil {
		return c.http, nil
	}
	security, err := c.security()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = security
	calls := &retrying{
		next: transport, retries: 3, wait: time.Duration(c.RetryWait) * time.Second,
		statuses: c.RetryStatusCodes, headers: c.HTTPHeaders,
	}
	if c.Retries != nil {
		calls.retries = *c.Retries
	}
	c.http = &http.Client{Transport: calls}
	return c.http, nil
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
