module dating/services/compose

go 1.23.8

require github.com/docker/compose/v2 v2.35.1

// As in Compose's own go.mod: https://github.com/docker/compose/blob/v2.35.1/go.mod
exclude (
	github.com/davecgh/go-spew v1.1.2-0.20180830191138-d8f796af33cc
	github.com/pmezard/go-difflib v1.0.1-0.20181226105442-5d4384ee4fb2
)
