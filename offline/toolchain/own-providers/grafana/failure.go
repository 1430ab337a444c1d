package grafana

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-openapi/runtime"
)

// refusal is an answer of Grafana, or of something in front of it, that is no success.
type refusal struct {
	status  int
	message string
	// Whether the message has Grafana's form: a proxy's "not found" says nothing about what Grafana holds.
	own bool
}

func (r *refusal) Error() string {
	switch {
	case r.message == "":
		return fmt.Sprintf("Grafana answered %d %s", r.status, http.StatusText(r.status))
	case r.status == http.StatusConflict || r.status == http.StatusPreconditionFailed:
		return fmt.Sprintf("Grafana answered %d: %s (conflict: the uid, title or name is taken, or it was changed "+
			"meanwhile; import what is there or choose another)", r.status, r.message)
	default:
		return fmt.Sprintf("Grafana answered %d: %s", r.status, r.message)
	}
}

// An error that holds a whole page is read by nobody.
const messageLimit = 500

func readRefusal(response runtime.ClientResponse) error {
	content, err := io.ReadAll(response.Body())
	if err != nil {
		return err
	}
	found := &refusal{status: response.Code()}
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(content, &body) == nil && body.Message != "" {
		found.message, found.own = body.Message, true
		return found
	}
	text := []rune(strings.Join(strings.Fields(string(content)), " "))
	found.message = string(text[:min(len(text), messageLimit)])
	return found
}

// failure tells what was tried and what came of it. The HTTP client's own error would repeat the call in its terms.
func failure(action string, err error) error {
	if err == nil {
		return nil
	}
	var none *silence
	if errors.As(err, &none) {
		err = none
	}
	return fmt.Errorf("%s: %w", action, err)
}

func isNotFound(err error) bool {
	var answer *refusal
	return errors.As(err, &answer) && answer.status == http.StatusNotFound && answer.own
}
