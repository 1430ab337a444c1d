import { psql, type Server } from "../psql";

/**
 * Makes a database take the place of another one, which is kept under a third name. Connections to both are ended;
 * clients that connect anew find the new one, with the old one's grants and settings.
 *
 * @param about the comment that the kept one gets
 * @returns the seconds for which nobody could connect
 * @throws when it could not be done; everything is then as before
 */
export async function swapDatabase(
  server: Server,
  { current, fresh, kept }: { current: string; fresh: string; kept: string },
  about: string,
): Promise<number> {
  const names = { current, fresh, kept };
  const begin = Date.now();
  try {
    await psql(
      server,
      "postgres",
      `${oneAtATime}
       ALTER DATABASE :"current" WITH ALLOW_CONNECTIONS false;
       SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
        WHERE datname IN (:'current', :'fresh') AND pid <> pg_backend_pid();
       ALTER DATABASE :"fresh" WITH ALLOW_CONNECTIONS true;
       BEGIN;
       ALTER DATABASE :"current" RENAME TO :"kept";
       ALTER DATABASE :"fresh" RENAME TO :"current";
       COMMENT ON DATABASE :"kept" IS :'about';
       COMMENT ON DATABASE :"current" IS NULL;
       COMMIT;
       -- Here, not only below: the server finishes this also when whoever asked for it is killed.
       ALTER DATABASE :"kept" WITH ALLOW_CONNECTIONS true;`,
      { ...names, about },
    );
    return (Date.now() - begin) / 1000;
  } finally {
    await allowConnections(server, current);
  }
}

/** Whoever looks at the databases waits for a swap that goes on in the server although its command was killed. */
export const oneAtATime = "DO $$ BEGIN PERFORM pg_advisory_lock(7239408); END $$;";

/** Lets clients connect to a database and to those that it has replaced, where a swap that failed keeps them out. */
export async function allowConnections(server: Server, current: string): Promise<void> {
  await psql(
    server,
    "postgres",
    `${oneAtATime}
     SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', datname) FROM pg_database
      WHERE (datname = :'current' OR starts_with(datname, :'current' || '_before_')) AND NOT datallowconn \\gexec`,
    { current },
  );
}

/** Makes an empty database with the encoding, owner, grants and settings of another one. */
export async function createLike(server: Server, like: string, name: string): Promise<void> {
  await psql(
    server,
    "postgres",
    `SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'name',
                   pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
       FROM pg_database WHERE datname = :'like' \\gexec
     REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
     SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'name',
                   CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                   CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
       FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = :'like' \\gexec
     -- FROM CURRENT, because a list such as a search path cannot be given as one text.
     SELECT format('SELECT set_config(%L, %L, false); ALTER DATABASE %I SET %s FROM CURRENT', name, value, :'name', name)
       FROM (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value
               FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) AS setting
              WHERE datname = :'like' AND setrole = 0) AS settings \\gexec`,
    { like, name },
  );
}
