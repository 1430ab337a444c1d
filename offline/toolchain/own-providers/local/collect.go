package local

import (
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect takes the files that the program was asked to leave behind.
func (s *Process) collect(result *Result) error {
	result.Assets, result.Archive = nil, nil
	if s.AssetPaths != nil {
		assets, err := s.assets(*s.AssetPaths)
		if err != nil {
			return err
		}
		result.Assets = &assets
	}
	if s.ArchivePaths != nil {
		assets, err := s.assets(*s.ArchivePaths)
		if err != nil {
			return err
		}
		files := make(map[string]any, len(assets))
		for name, asset := range assets {
			files[name] = asset
		}
		if result.Archive, err = resource.NewAssetArchive(files); err != nil {
			return err
		}
	}
	return nil
}

// assets returns the files below the program's folder that the last matching pattern includes.
func (s *Process) assets(patterns []string) (map[string]*resource.Asset, error) {
	matchers := make([]glob.Glob, len(patterns))
	for i, pattern := range patterns {
		matcher, err := glob.Compile(strings.TrimPrefix(pattern, "!"), '/')
		if err != nil {
			return nil, err
		}
		matchers[i] = matcher
	}
	dir, err := os.Getwd()
	if s.Dir != nil {
		dir = *s.Dir
	} else if err != nil {
		return nil, err
	}
	assets := map[string]*resource.Asset{}
	return assets, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		included := false
		for i, matcher := range matchers {
			if matcher.Match(name) {
				included = !strings.HasPrefix(patterns[i], "!")
			}
		}
		if included {
			assets[name], err = resource.NewPathAsset(path.Join(dir, name))
		}
		return err
	})
}
