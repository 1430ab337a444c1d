// Package process stands in for the profiler's, whose module is to be had nowhere: the engine names its types, and only
// the components for profiles, which are not part of this build, use them.
package process

import "io"

// ReadAtCloser reads at any place of a file.
type ReadAtCloser interface {
	io.ReaderAt
	io.Closer
}
