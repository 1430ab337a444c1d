module dating/services/compose

go 1.26.3

require github.com/docker/compose/v5 v5.5.1

// As in Compose's own go.mod: https://github.com/docker/compose/blob/v5.5.1/go.mod
exclude (
	github.com/davecgh/go-spew v1.1.2-0.20180830191138-d8f796af33cc
	github.com/pmezard/go-difflib v1.0.1-0.20181226105442-5d4384ee4fb2
)
