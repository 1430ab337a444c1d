-- Makes the database of a server whose superuser is the application's role look like this project's: the superuser is
-- called postgres and has no password, so that it logs in over the local socket only, and a role of its own with the
-- known password owns everything of the application. Safe to run again.
--   app       the application's role
--   database  its database
--   The password has been put into the setting dating.password before.
SELECT pg_advisory_lock(hashtext('dating.provision-role')) \g /dev/null

SELECT format('CREATE ROLE %I LOGIN', :'app')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'app') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L',
              :'app', current_setting('dating.password')) \gexec
ALTER ROLE postgres PASSWORD NULL;
ALTER DATABASE :"database" OWNER TO :"app";

BEGIN;
CREATE TEMPORARY VIEW ours AS
  SELECT oid, nspname, nspowner FROM pg_namespace
   WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%';
CREATE TEMPORARY VIEW of_extensions AS
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e';

SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, :'app')
  FROM ours WHERE nspowner = 10 AND nspname <> 'public'
   AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_namespace'::regclass AND objid = oid) \gexec
-- As new servers since version 15 have it.
SELECT 'ALTER SCHEMA public OWNER TO pg_database_owner' FROM ours WHERE nspname = 'public' AND nspowner = 10 \gexec
-- A table takes its indexes, its type and the sequences of its columns along.
SELECT format('ALTER TABLE %I.%I OWNER TO %I', nspname, relname, :'app')
  FROM pg_class c JOIN ours n ON n.oid = relnamespace
 WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_class'::regclass AND objid = c.oid) \gexec
SELECT format('ALTER SEQUENCE %I.%I OWNER TO %I', nspname, relname, :'app')
  FROM pg_class c JOIN ours n ON n.oid = relnamespace
 WHERE relowner = 10 AND relkind = 'S'
   AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_class'::regclass AND objid = c.oid) \gexec
SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, :'app')
  FROM pg_proc p JOIN ours n ON n.oid = pronamespace
 WHERE proowner = 10
   AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_proc'::regclass AND objid = p.oid) \gexec
SELECT format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, :'app')
  FROM pg_type t JOIN ours n ON n.oid = typnamespace
 WHERE typowner = 10 AND typelem = 0 AND (typrelid = 0 OR (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c')
   AND typtype <> 'm'
   AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_type'::regclass AND objid = t.oid) \gexec
COMMIT;
