#!/usr/bin/env bash
# Fails where the C library or ICU of the Postgres that runs orders texts otherwise than the one that its indexes were built with,
# as far as Postgres knows: rows would not be found, and unique ones appear twice.
#   STACK       the stack's prefix, by which its Postgres is found
#   SUPERUSER   who logs in over the container's local socket
set -euo pipefail

source "$(dirname "$0")/postgres.sh"
container=$(running_postgres "$STACK")
[[ $container ]] || { echo "No Postgres of $STACK runs" >&2; exit 1; }

docker exec --user postgres --interactive "$container" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname postgres --set stack="${STACK#*-}" <<'SQL'
\set VERBOSITY terse
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END',
         format('The indexes of the database %s are ordered by version %s of the image''s library, and this image has %s: rows would'
                ' not be found. Build them anew:  ./dating reindex %s', datname, datcollversion, actual, :'stack')))
  FROM pg_database, pg_database_collation_actual_version(oid) actual
 WHERE datallowconn AND datcollversion <> actual ORDER BY datname LIMIT 1 \gexec
SQL
