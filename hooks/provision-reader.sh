#!/usr/bin/env bash
# Makes sure that a role exists that reads and never writes, and that the password opens it. Safe to run at any time.
#   STACK       the stack's prefix, by which its Postgres is found
#   SUPERUSER   who logs in over the container's local socket
#   ROLE        the role
#   DATABASE    the database that it may connect to
#   MAY         what it may read: pg_read_all_data (every row, for dumps) or pg_monitor (statistics, and no row)
#   BACKS_UP    yes, where it may also begin and end base backups (default: no)
#   stdin       the role's password
set -euo pipefail

IFS= read -r password || [[ -n $password ]]
[[ $password =~ ^[A-Za-z0-9]+$ ]] || { echo "The password must be letters and digits" >&2; exit 1; }

case $MAY in
    # Row-level security would leave rows out of a dump, so the role is above it.
    pg_read_all_data) security=BYPASSRLS ;;
    pg_monitor) security=NOBYPASSRLS ;;
    *) echo "MAY must be pg_read_all_data or pg_monitor" >&2; exit 1 ;;
esac

# What pgBackRest calls, and no more: https://pgbackrest.org/user-guide.html#quickstart/perform-backup
backups=
[[ ${BACKS_UP:-no} = no ]] || backups='
GRANT pg_read_all_settings TO :"role";
GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean),
    pg_create_restore_point(text), pg_switch_wal() TO :"role";'

source "$(dirname "$0")/postgres.sh"
container=$(running_postgres "$STACK")
[[ $container ]] || { echo "No Postgres of $STACK runs" >&2; exit 1; }

# Statements come over stdin, so that the password is on no command line, and are kept out of the server's log.
docker exec --user postgres --interactive "$container" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname postgres \
    --set role="$ROLE" --set database="$DATABASE" <<SQL
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION $security PASSWORD '$password';
ALTER ROLE :"role" SET default_transaction_read_only = on;
GRANT $MAY TO :"role";
GRANT CONNECT ON DATABASE :"database" TO :"role";
$backups
SQL
