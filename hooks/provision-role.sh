#!/usr/bin/env bash
# Makes sure that a database and its owner exist, and that a role with this password opens it. Safe to run at any time.
# Waits for the server: asking it five times a second is quicker than waiting for Docker's next health check.
#   CONTAINER        name of the Postgres container
#   SUPERUSER        who logs in over the container's local socket
#   DATABASE         the database
#   OWNER            the role that owns it
#   ROLE             the role that logs in: the owner itself, or one that acts as the owner
#   HEALTH_TIMEOUT   seconds that the server may take (default 90)
#   stdin            the password of the role that logs in
set -euo pipefail

IFS= read -r password || [[ -n $password ]]
# An adopted password has any characters but white space; a quote is doubled, as SQL has it.
[[ $password =~ ^[[:graph:]]+$ ]] || { echo "The password must be characters without white space" >&2; exit 1; }
quote="'"

# Over TCP, as the health check does: while the image initialises the volume, the server has its local socket only.
# It is asked from inside, for 5 seconds at a time: each `docker exec` takes processor time from the server that starts.
readonly asking='until pg_isready --host 127.0.0.1; do asked=x$asked; [ ${#asked} -lt 25 ] || exit 1; sleep 0.2; done'
deadline=$((SECONDS + ${HEALTH_TIMEOUT:-90}))
until answer=$(docker exec "$CONTAINER" sh -c "$asking" 2>&1 | tail -n 1); do
    state=$(docker inspect --format '{{.State.Status}}' "$CONTAINER")
    if [[ $state != running ]] || ((SECONDS >= deadline)); then
        echo "The database in $CONTAINER ($state) does not answer: $answer" >&2
        exit 1
    fi
    sleep 0.25
done

# Statements come over stdin, so that the password is on no command line, and are kept out of the server's log.
docker exec --interactive "$CONTAINER" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname postgres \
    --set role="$ROLE" --set owner="$OWNER" --set database="$DATABASE" <<SQL
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM unnest(ARRAY[:'owner', :'role']) name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) GROUP BY name \gexec
ALTER ROLE :"owner" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '${password//$quote/$quote$quote}';
-- What the login makes belongs to the owner, so that the next login may change it.
SELECT format('GRANT %I TO %I', :'owner', :'role') WHERE :'owner' <> :'role' \gexec
SELECT format('ALTER ROLE %I SET role = %L', :'role', :'owner') WHERE :'owner' <> :'role' \gexec
-- Read by retire-login.sh.
SELECT format('COMMENT ON ROLE %I IS %L', :'owner', 'logs in as ' || :'role') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT ALL ON DATABASE :"database" TO :"owner";
SQL
