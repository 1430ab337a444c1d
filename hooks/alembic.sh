#!/usr/bin/env bash
# Runs Alembic with the revisions of this checkout in a container beside the database, and prints what it says.
#   arguments                       Alembic's
#   IMAGE                           the runner
#   NETWORK                         the database's network
#   NAME                            first part of the container's name
#   PGHOST, PGDATABASE, PGUSER      the database
#   VOLUME                          where dumps are kept that are made before the schema changes
#   PRE_MIGRATION_KEEP[_DAYS]       how many, and for how many days
#   LOCK_TIMEOUT                    seconds to wait for another migration (default 60)
#   stdin                           its password
set -euo pipefail
cd "$(dirname "$0")/.."
source hooks/docker.sh

IFS= read -r password || [[ -n $password ]]

# The user is the backup service's, whose volume it is.
container=$(docker create --interactive --rm --name "$NAME-$$" --network "$NETWORK" --user 10003:10003 \
    ${VOLUME:+--volume "$VOLUME:/backups"} \
    ${PRE_MIGRATION_KEEP:+--env PRE_MIGRATION_KEEP="$PRE_MIGRATION_KEEP"} \
    ${PRE_MIGRATION_KEEP_DAYS:+--env PRE_MIGRATION_KEEP_DAYS="$PRE_MIGRATION_KEEP_DAYS"} \
    ${LOCK_TIMEOUT:+--env LOCK_TIMEOUT="$LOCK_TIMEOUT"} \
    --env PGHOST="$PGHOST" --env PGDATABASE="$PGDATABASE" --env PGUSER="$PGUSER" \
    --memory 256m --memory-swap 256m --pids-limit 256 --init --cap-drop ALL --security-opt no-new-privileges \
    --log-driver none --label dating.job=migrations "$IMAGE" "$@")
work=$(mktemp -d)
trap 'rm -rf "$work"; docker rm --force "$container" >/dev/null 2>&1 || true' EXIT

# The runner's user is another than the checkout's, whose files may be readable by their owner alone. The Docker CLI makes
# the archive: the tar of macOS cannot change permissions on the way, and adds files of its own.
cp -R migrations/. "$work"
find "$work" -type d \( -name __pycache__ -o -name '.?*' \) -prune -exec rm -rf {} +
chmod -R a+rX "$work"
docker cp "$work/." "$container:/migrations"
docker start --attach --interactive "$container" <<<"$password"
