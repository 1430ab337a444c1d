package grafana

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/client"
	"github.com/grafana/grafana-openapi-client-go/client/search"
)

// refuseIfNotEmpty tells what a folder holds.
func refuseIfNotEmpty(grafana *client.GrafanaHTTPAPI, uid string) error {
	var titles []string
	for _, kind := range []string{"dash-db", "dash-folder"} {
		found, err := grafana.Search.Search(search.NewSearchParams().WithFolderUIDs([]string{uid}).WithType(&kind))
		if err != nil {
			return failure("looking into folder "+uid, err)
		}
		for _, hit := range found.Payload {
			titles = append(titles, hit.Title)
		}
	}
	if len(titles) > 0 {
		return fmt.Errorf("folder %s is not empty and preventDestroyIfNotEmpty is set; it holds: %s", uid,
			strings.Join(titles, ", "))
	}
	return nil
}
