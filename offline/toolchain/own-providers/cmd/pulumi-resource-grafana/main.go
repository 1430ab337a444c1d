// The grafana provider plugin.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"

	"dating/own-providers/grafana"
)

func main() {
	if err := p.RunProvider(context.Background(), "grafana", "2.40.0", grafana.Provider()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
