// Package provider holds what takes the place of buildx in the Docker provider: it is a third of what there is to compile,
// with a client for Kubernetes in it, and no stack builds an image by a resource.
package provider

import (
	"context"
	"errors"

	"github.com/docker/cli/cli/command"
	"github.com/docker/docker/client"
)

var errWithoutBuildx = errors.New("this plugin was built without buildx: build the image with `docker build`, or use the official plugin")

type buildOptions struct{}

func canUseBuildx(context.Context, *client.Client) (bool, error) {
	return false, errWithoutBuildx
}

func mapBuildAttributesToBuildOptions(map[string]interface{}, string, command.Cli) (buildOptions, error) {
	return buildOptions{}, errWithoutBuildx
}

func runBuild(context.Context, command.Cli, buildOptions, string) error {
	return errWithoutBuildx
}
