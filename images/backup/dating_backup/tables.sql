-- A statement for each of the application's tables: its name, the number of its rows, and a digest of their content
-- that does not depend on their order. Both sides of a comparison run it; SET makes values read the same everywhere.
SELECT format(
         'SELECT %L, count(*), coalesce(sum(hashtextextended(dating_backup_row::text, 0)::numeric), 0)::text'
         ' FROM ONLY %I.%I AS dating_backup_row',
         n.nspname || '.' || c.relname, n.nspname, c.relname)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r'
   AND n.nspname <> 'information_schema'
   AND n.nspname NOT LIKE 'pg\_%'
   -- What belongs to an extension is made by the extension.
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname
