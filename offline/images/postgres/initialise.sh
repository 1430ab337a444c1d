#!/usr/bin/env bash
# Makes a new cluster in PGDATA, unless there is one: initdb, the database, then /docker-entrypoint-initdb.d.
#
# The cluster is made in a folder inside PGDATA and moved up when it is complete, PG_VERSION last. PGDATA thus has
# a PG_VERSION only once everything has run. A start that finds the folder and no PG_VERSION was preceded by an
# interrupted initialisation, into a folder that was empty: it removes the remains and begins anew.
set -euo pipefail

readonly work="$PGDATA/.initialising"
readonly scripts=/docker-entrypoint-initdb.d

say() { printf 'initialise: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

if [ -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$work"
  exit 0
fi
if [ -e "$work" ]; then
  say "an earlier initialisation was interrupted; removing its remains"
  # The marker goes last: if this is interrupted too, the next start still knows whose files these are.
  find "$PGDATA" -mindepth 1 -maxdepth 1 ! -path "$work" ! -name lost+found -exec rm -rf {} +
  rm -rf "$work"
elif [ -n "$(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
  die "$PGDATA is not empty and holds no cluster: look at what it is, or use another volume"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ -n "${POSTGRES_PASSWORD:-}" ] && [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
  die "POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set: give one"
fi
password=${POSTGRES_PASSWORD:-}
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
  password=$(cat "$POSTGRES_PASSWORD_FILE") || die "POSTGRES_PASSWORD_FILE=$POSTGRES_PASSWORD_FILE cannot be read"
fi
[ -n "$password" ] || die "no superuser password: set POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD)"

mkdir -m 0700 "$work"
# initdb takes several arguments from one variable, quoted as in a shell: the official image's contract.
eval "initdb_args=(${POSTGRES_INITDB_ARGS:-})"
initdb --username="$user" --pwfile=<(printf '%s\n' "$password") \
  --auth-local=trust --auth-host=scram-sha-256 -D "$work" "${initdb_args[@]}"
printf '\nhost all all all scram-sha-256\n' >>"$work/pg_hba.conf"

# The temporary server's socket is in its own folder: no health check or client takes it for the real one.
# Scripts see that folder as PGDATA, so one that edits pg_hba.conf edits the right file.
final=$PGDATA
export PGDATA=$work PGHOST=$work PGUSER=$user PGDATABASE=$database
unset PGPASSWORD
pg_ctl -D "$work" -w -o "-c listen_addresses='' -c unix_socket_directories='$work' -p 5432" start
if [ "$database" != postgres ]; then
  psql --no-psqlrc -v ON_ERROR_STOP=1 --dbname postgres --set db="$database" <<<'CREATE DATABASE :"db";'
fi
for file in "$scripts"/*; do
  case $file in
    *.sh) say "running $file"; if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
    *.sql) say "running $file"; psql --no-psqlrc -v ON_ERROR_STOP=1 -f "$file" ;;
    *.sql.gz) say "running $file"; gunzip -c "$file" | psql --no-psqlrc -v ON_ERROR_STOP=1 ;;
    "$scripts/*") ;;
    *) say "ignoring $file" ;;
  esac
done
pg_ctl -D "$work" -m fast -w stop

find "$work" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$final" {} +
# The data must be on the disk before the file that vouches for them.
sync -f "$final"
mv "$work/PG_VERSION" "$final/PG_VERSION"
sync -f "$final"
rmdir "$work"
say "the new cluster is complete"
