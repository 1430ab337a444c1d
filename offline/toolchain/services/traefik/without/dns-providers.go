package dns

import (
	"fmt"

	"github.com/go-acme/lego/v4/challenge"
	"github.com/go-acme/lego/v4/providers/dns/exec"
	"github.com/go-acme/lego/v4/providers/dns/httpreq"
)

// NewDNSChallengeProviderByName knows the two providers that need nobody's cloud: the clients of some 200 companies are a
// quarter of what would be compiled, for machines that reach none of them.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	switch name {
	case "exec":
		return exec.NewDNSProvider()
	case "httpreq":
		return httpreq.NewDNSProvider()
	default:
		return nil, fmt.Errorf("this build has no DNS provider %s", name)
	}
}
