// Package ecs is where Traefik's configuration names Amazon's ECS, whose client is a seventh of what would be compiled.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider is the place of its settings, of which this build has none.
type Provider struct{}

// Init refuses a configuration that names it.
func (*Provider) Init() error { return errors.New("this build has no ECS provider") }

// Provide is never reached.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return nil }
