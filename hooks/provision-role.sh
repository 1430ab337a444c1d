#!/usr/bin/env bash
# Makes sure that a role with its database exists and that the password opens it. Safe to run at any time.
#   CONTAINER   name of the Postgres container
#   SUPERUSER   who logs in over the container's local socket
#   ROLE        the role, and
#   DATABASE    the database that it owns
#   stdin       the role's password
set -euo pipefail

IFS= read -r password || [[ -n $password ]]
# An adopted password has any characters but white space; a quote is doubled, as SQL has it.
[[ $password =~ ^[[:graph:]]+$ ]] || { echo "The password must be characters without white space" >&2; exit 1; }
quote="'"

# Statements come over stdin, so that the password is on no command line, and are kept out of the server's log.
docker exec --interactive "$CONTAINER" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname postgres \
    --set role="$ROLE" --set database="$DATABASE" <<SQL
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '${password//$quote/$quote$quote}';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT ALL ON DATABASE :"database" TO :"role";
SQL
