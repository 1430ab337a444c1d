#!/usr/bin/env bash
# Makes sure that a database and its owner exist, and that a role with this password opens it. Safe to run at any time.
# Refuses what could not be taken back, or would be another database than the one that has the application's data.
#   STACK            the stack's prefix, by which its Postgres is found
#   SUPERUSER        who logs in over the container's local socket
#   DATABASE         the database
#   OWNER            the role that owns it
#   ROLE             the role that logs in: the owner itself, or one that acts as the owner
#   stdin            the password of the role that logs in
set -euo pipefail

IFS= read -r password || [[ -n $password ]]
# An adopted password has any characters but white space; a quote is doubled, as SQL has it.
[[ $password =~ ^[[:graph:]]+$ ]] || { echo "The password must be characters without white space" >&2; exit 1; }
quote="'"

source "$(dirname "$0")/postgres.sh"
container=$(running_postgres "$STACK")
[[ $container ]] || { echo "No Postgres of $STACK runs" >&2; exit 1; }

# Statements come over stdin, so that the password is on no command line, and are kept out of the server's log.
docker exec --user postgres --interactive "$container" \
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$SUPERUSER" --dbname postgres \
    --set role="$ROLE" --set owner="$OWNER" --set database="$DATABASE" --set stack="${STACK#*-}" \
    --set container="$container" <<SQL
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null
\set VERBOSITY terse
-- The superuser's rights would be gone for good: nobody is left who could give them back.
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END',
         format('%s is not made the owner of the application''s data: it %s. Nothing was changed. Another name:'
                '  pulumi config set --stack %s dating:databaseName dating', rolname,
                CASE WHEN rolsuper THEN 'is a superuser' ELSE 'is a login of another role' END, :'stack')))
  FROM pg_roles WHERE rolname IN (:'owner', :'role')
   AND (rolsuper OR rolname = :'owner' AND EXISTS (SELECT FROM unnest(rolconfig) setting WHERE setting LIKE 'role=%')) \gexec
-- Owners of an application's database say in their comment who logs in for them.
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END',
         format('There is no database %s here, and the application''s data is in %s. Nothing was changed. Go on with it:'
                '  pulumi config set --stack %s dating:databaseName %s  Or begin with an empty one beside it:'
                '  docker exec --user postgres %s sh -c "createuser %s && createdb --owner %s %s"',
                :'database', datname, :'stack', datname, :'container', :'owner', :'owner', :'database')))
  FROM pg_database JOIN pg_roles owner ON owner.oid = datdba
 WHERE rolname <> :'owner' AND shobj_description(owner.oid, 'pg_authid') LIKE 'logs in as %'
   AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') ORDER BY datname LIMIT 1 \gexec
\set VERBOSITY default
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
