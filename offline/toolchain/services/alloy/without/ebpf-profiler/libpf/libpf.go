// Package libpf stands in for the profiler's, whose module is to be had nowhere: the engine names its types, and only
// the components for profiles, which are not part of this build, use them.
package libpf

// FileID exists for its type alone.
type FileID struct{ high, low uint64 }

// Hash32 is what a cache of them asks for.
func (id FileID) Hash32() uint32 { return uint32(id.low) }

// StringNoQuotes is its text.
func (FileID) StringNoQuotes() string { return "" }

// String exists for its type alone.
type String struct{}

// String is its text.
func (String) String() string { return "" }

// FrameMappingFileData exists for its type alone.
type FrameMappingFileData struct {
	FileID     FileID
	FileName   String
	GnuBuildID string
}
