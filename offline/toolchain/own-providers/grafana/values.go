package grafana

import (
	"fmt"
	"strings"
)

// makeID and splitID write and read ids as the official provider does: orgId:uid, where an import may leave out orgId.
func makeID(organization int64, uid string) string { return fmt.Sprintf("%d:%s", organization, uid) }

func splitID(id string) (organization *string, uid string) {
	if before, after, found := strings.Cut(id, ":"); found {
		return &before, after
	}
	return nil, id
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
