#!/usr/bin/env bash
# Makes sure that a database has extensions, which only the superuser can make. Takes none away. Safe to run at any time.
#   STACK        the stack's prefix, by which its Postgres is found
#   SUPERUSER    who logs in over the container's local socket
#   DATABASE     the database
#   EXTENSIONS   their names, with a space between two
set -euo pipefail

source "$(dirname "$0")/postgres.sh"
container=$(running_postgres "$STACK")
[[ $container ]] || { echo "No Postgres of $STACK runs" >&2; exit 1; }

docker exec --user postgres --interactive "$container" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname "$DATABASE" \
    --set extensions="$EXTENSIONS" --set container="$container" <<'SQL'
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END',
         format('The image of Postgres has no extension %s. Those that it has:'
                '  docker exec --user postgres %s psql -c "TABLE pg_available_extensions"', wanted, :'container')))
  FROM string_to_table(:'extensions', ' ') wanted
 WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) LIMIT 1 \gexec
\set VERBOSITY default
-- CASCADE: with the extensions that an extension needs.
SELECT format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', wanted) FROM string_to_table(:'extensions', ' ') wanted \gexec
SQL
