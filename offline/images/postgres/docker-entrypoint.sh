#!/usr/bin/env bash
# Entrypoint of the postgres image: prepares the data folder and starts the server as the user postgres.
# Anything but `postgres …` (or options for it) is run as it is, as in the official image.
set -euo pipefail

if [ "${1:-}" = "" ] || [ "${1#-}" != "$1" ]; then
  set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
  exec "$@"
fi
for argument; do
  case $argument in -\? | --help | -V | --version | --describe-config) exec "$@" ;; esac
done

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA"
  # Only what is not yet right: on a large cluster a blind chown -R takes minutes.
  find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres {} +
  chmod 3777 /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

initialise.sh "$@"
# The server has no use for the passwords of the initialisation.
unset POSTGRES_PASSWORD POSTGRES_PASSWORD_FILE
exec "$@"
