// Package getter is what the bridge's converter of Terraform programs, which no deploy uses, fetches modules with: from
// Google's and Amazon's storage too, whose clients are a sixth of what would be compiled.
package getter

import "errors"

var errAbsent = errors.New("this build fetches no Terraform modules")

// Detector would know an address of one kind.
type Detector any

// Detectors are none.
var Detectors []Detector

// FolderStorage would keep modules in a folder.
type FolderStorage struct{ StorageDir string }

func (*FolderStorage) Get(key, source string, update bool) error { return errAbsent }

func (*FolderStorage) Dir(key string) (string, bool, error) { return "", false, errAbsent }

func Get(destination, source string) error { return errAbsent }

func Detect(source, directory string, detectors []Detector) (string, error) { return "", errAbsent }

func SourceDirSubdir(source string) (string, string) { return source, "" }

func SubdirGlob(destination, folder string) (string, error) { return "", errAbsent }
