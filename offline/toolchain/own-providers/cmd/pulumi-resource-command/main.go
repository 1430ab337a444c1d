// The command provider plugin.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"

	"dating/own-providers/local"
)

func main() {
	if err := p.RunProvider(context.Background(), "command", "1.2.1", local.Provider()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
