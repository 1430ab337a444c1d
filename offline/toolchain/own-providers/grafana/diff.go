package grafana

import (
	"encoding/json"
	"reflect"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
)

// changes collects how a resource differs from what is wanted.
type changes map[string]p.PropertyDiff

func (c changes) add(name string, differs, replaces bool) {
	switch {
	case differs && replaces:
		c[name] = p.PropertyDiff{Kind: p.UpdateReplace}
	case differs:
		c[name] = p.PropertyDiff{Kind: p.Update}
	}
}

// response asks for the old one to be deleted first, as two of the same uid or title cannot be.
func (c changes) response() p.DiffResponse {
	resp := p.DiffResponse{HasChanges: len(c) > 0, DetailedDiff: c}
	for _, change := range c {
		resp.DeleteBeforeReplace = resp.DeleteBeforeReplace || change.Kind == p.UpdateReplace
	}
	return resp
}

// differs compares a wanted value with the one that is there. A value that Grafana chooses is wanted by nobody.
func differs[T comparable](before, wanted *T) bool { return value(before) != value(wanted) }

func differsIfWanted[T comparable](before, wanted *T) bool {
	return wanted != nil && differs(before, wanted)
}

// sameJSON compares two texts as JSON. An empty text is the empty object.
func sameJSON(a, b string) bool {
	parse := func(text string) (parsed any, err error) {
		if text == "" {
			text = "{}"
		}
		return parsed, json.Unmarshal([]byte(text), &parsed)
	}
	first, err := parse(a)
	if err != nil {
		return a == b
	}
	second, err := parse(b)
	return err == nil && reflect.DeepEqual(first, second)
}

// organizationDiffers compares an organization with the one of an id: leaving it out means the provider's.
func organizationDiffers(id string, wanted *string) bool {
	current, _ := splitID(id)
	return differsIfWanted(current, wanted)
}

func notJSON(property, text string) []p.CheckFailure {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		reason := "it is not a JSON object"
		if !slices.Contains(secretProperties, property) {
			reason += ": " + err.Error()
		}
		return []p.CheckFailure{{Property: property, Reason: reason}}
	}
	return nil
}
