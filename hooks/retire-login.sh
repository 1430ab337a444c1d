#!/usr/bin/env bash
# Takes a login away after the password was rotated: its password opens nothing any more, and its sessions end.
# Leaves the login alone that is in use, as when the stack is taken down, whose volumes stay. Safe to run at any time.
#   STACK       the stack's prefix, by which its Postgres is found
#   SUPERUSER   who logs in over the container's local socket
#   DATABASE    the database
#   OWNER       the role that owns it
#   ROLE        the role that logs in
set -euo pipefail

source "$(dirname "$0")/postgres.sh"
container=$(running_postgres "$STACK")
if [[ -z $container ]]; then
    echo "The database does not run, so the login $ROLE stays as it is" >&2
    exit 0
fi

docker exec --user postgres --interactive "$container" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname "$DATABASE" \
    --set role="$ROLE" --set owner="$OWNER" <<'SQL'
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
    OR EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner'
                AND shobj_description(oid, 'pg_authid') = 'logs in as ' || :'role') AS nothing_to_do \gset
\if :nothing_to_do
    \quit
\endif
ALTER ROLE :"role" NOLOGIN PASSWORD NULL;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'role' \g /dev/null
SELECT :'role' = :'owner' AS is_owner \gset
\if :is_owner
    \quit
\endif
REASSIGN OWNED BY :"role" TO :"owner";
DROP OWNED BY :"role";
DROP ROLE :"role";
SQL
