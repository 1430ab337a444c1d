package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/grafana/grafana-openapi-client-go/client"
	"github.com/grafana/grafana-openapi-client-go/models"
)

// save sends the dashboard and takes what Grafana counts. A uid in the state is that of the dashboard to save over; its
// number is not sent, because one that was deleted and made again by hand has another.
func (s *DashboardState) save(ctx context.Context, grafana *client.GrafanaHTTPAPI, overwrite bool) error {
	var model map[string]any
	if err := json.Unmarshal([]byte(s.ConfigJSON), &model); err != nil {
		return err
	}
	delete(model, "id")
	delete(model, "version")
	if s.UID != "" {
		model["uid"] = s.UID
	}
	command := &models.SaveDashboardCommand{Dashboard: model, Message: value(s.Message), Overwrite: overwrite}
	// Older programs name the folder by its number.
	folder := folderOf(s.Folder)
	if number, err := strconv.ParseInt(folder, 10, 64); err == nil {
		command.FolderID = number
	} else {
		command.FolderUID = folder
	}
	saved, err := grafana.Dashboards.PostDashboard(command)
	if err != nil {
		return failure("saving dashboard "+dashboardName(model), err)
	}
	answer := saved.Payload
	// Before 11.3, Grafana saves over the dashboard of its folder that has the same title, which keeps its own uid.
	if wanted, _ := model["uid"].(string); wanted != "" && value(answer.UID) != wanted {
		return fmt.Errorf("saving dashboard %s: Grafana saved it over another one of the folder with the same title, "+
			"whose uid is %s: its version before is in that dashboard's history. Give one of them another title",
			dashboardName(model), value(answer.UID))
	}
	s.DashboardID, s.Version = int(value(answer.ID)), int(value(answer.Version))
	s.UID, s.URL = value(answer.UID), pageURL(ctx, value(answer.URL))
	return nil
}
