package grafana

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/models"
)

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

// take puts what Grafana holds into the state, where it means something else than what is there.
func (s *DataSourceState) take(found *models.DataSource) error {
	told, _ := found.JSONData.(map[string]any)
	plain := maps.Clone(told)
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
