package grafana

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// How long one attempt may take.
const attemptLimit = 30 * time.Second

// retrying asks again where Grafana does not answer, or answers with a status that says it cannot now. A container that
// was just started needs some seconds.
type retrying struct {
	next     http.RoundTripper
	retries  int
	wait     time.Duration
	statuses []string
	headers  map[string]string
}

// silence is the error of a Grafana that does not answer.
type silence struct {
	address  string
	attempts int
	cause    error
}

func (s *silence) Error() string {
	return fmt.Sprintf("Grafana does not answer at %s (attempts: %d): %v", s.address, s.attempts, s.cause)
}

func (s *silence) Unwrap() error { return s.cause }

// RoundTrip is one call with all of its attempts.
func (t *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	for attempt := 1; ; attempt++ {
		resp, err := t.attempt(req, body)
		again := err != nil && !isCertificate(err) || err == nil && t.isTemporary(resp.StatusCode)
		if again && attempt <= t.retries {
			select {
			case <-time.After(t.pause(attempt)):
				continue
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		}
		if err != nil {
			address := req.URL.Scheme + "://" + req.URL.Host
			return nil, &silence{address: address, attempts: attempt, cause: err}
		}
		return resp, nil
	}
}

func (t *retrying) attempt(req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), attemptLimit)
	defer cancel()
	req = req.Clone(ctx)
	if body != nil {
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	for name, content := range t.headers {
		req.Header.Set(name, content)
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	// An answer that breaks off is none.
	content, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(content))
	return resp, err
}

// pause doubles from 2 s on where no time is given.
func (t *retrying) pause(attempt int) time.Duration {
	if t.wait > 0 {
		return t.wait
	}
	return time.Second << min(attempt, 6)
}

// isTemporary compares a status with patterns in which an x is any digit.
func (t *retrying) isTemporary(status int) bool {
	patterns := t.statuses
	if len(patterns) == 0 {
		patterns = []string{"429", "5xx"}
	}
	digits := strconv.Itoa(status)
	for _, pattern := range patterns {
		matches := len(pattern) == len(digits)
		for i := 0; matches && i < len(digits); i++ {
			matches = pattern[i] == 'x' || pattern[i] == digits[i]
		}
		if matches {
			return true
		}
	}
	return false
}

// isCertificate tells an error that another attempt does not end.
func isCertificate(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}
