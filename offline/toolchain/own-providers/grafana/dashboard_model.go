package grafana

import (
	"encoding/json"
	"fmt"
)

// normalizedDashboard writes a dashboard in one way and without what Grafana itself counts or fills in.
func normalizedDashboard(text string) string {
	var model map[string]any
	if json.Unmarshal([]byte(text), &model) != nil {
		return text
	}
	delete(model, "id")
	delete(model, "version")
	panels, _ := model["panels"].([]any)
	for _, panel := range panels {
		panel, _ := panel.(map[string]any)
		delete(panel, "id")
		library, _ := panel["libraryPanel"].(map[string]any)
		for name := range library {
			if name != "name" && name != "uid" {
				delete(library, name)
			}
		}
	}
	normalized, err := json.Marshal(model)
	if err != nil {
		return text
	}
	return string(normalized)
}

func dashboardUID(text string) string {
	var model struct {
		UID string `json:"uid"`
	}
	_ = json.Unmarshal([]byte(text), &model)
	return model.UID
}

// folderOf returns a folder's uid, which may be given as its id; 0 and nothing are both the root.
func folderOf(folder *string) string {
	_, uid := splitID(value(folder))
	if uid == "0" {
		return ""
	}
	return uid
}

func number64(number any) int {
	float, _ := number.(float64)
	return int(float)
}

// dashboardName returns what an error calls a dashboard.
func dashboardName(model map[string]any) string {
	for _, name := range []string{"title", "uid"} {
		if text, _ := model[name].(string); text != "" {
			return fmt.Sprintf("%q", text)
		}
	}
	return "without a title"
}
