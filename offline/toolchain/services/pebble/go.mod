module dating/services/pebble

go 1.24.0

require github.com/letsencrypt/pebble/v2 v2.10.1
