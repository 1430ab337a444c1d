module dating/services/gofakes3
go 1.24
require github.com/johannesboyne/gofakes3 v0.0.0-20250916175020-ebf3e50324d3
