"""The roles of the embedded cluster: each database has an owner of the same name, without superuser rights.

The scripts are for psql, run by the superuser, who is used for nothing else.
"""

SUPERUSER = "postgres"

OLD = "of an earlier version"
"""`SETTLE` says this, and does nothing, where `ADOPT` must come first."""

SETTLE = f"""
    SELECT EXISTS (SELECT FROM pg_database JOIN pg_roles AS owner ON owner.oid = datdba
                    WHERE datname = 'stepglass' AND rolsuper) AS old \\gset
    \\if :old
    \\echo {OLD}
    \\else
    SELECT format('CREATE ROLE %I LOGIN', name) FROM string_to_table(:'names', ',') AS name
     WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
    SELECT format('CREATE DATABASE %1$I OWNER %1$I', name) FROM string_to_table(:'names', ',') AS name
     WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \\gexec
    SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) FROM pg_database
     WHERE datname IN (SELECT string_to_table(:'names', ',')) AND datacl IS NULL \\gexec
    \\endif
"""
"""Makes the databases `names` with their owners, as far as they are missing."""

# REASSIGN OWNED refuses for the superuser of initdb. Objects of an extension or of a table's column are left out: they
# have no owner of their own.
_HAND_OVER = """
    SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, :'owner') FROM pg_namespace
     WHERE nspname !~ '^pg_|^information_schema$' AND pg_get_userbyid(nspowner) = current_user
     UNION ALL
    SELECT format('ALTER %s %s OWNER TO %I', kind, name, :'owner') FROM (
        SELECT 'TABLE', oid::regclass::text, oid, relnamespace, relowner FROM pg_class
         WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
         UNION ALL
        SELECT 'ROUTINE', oid::regprocedure::text, oid, pronamespace, proowner FROM pg_proc
         UNION ALL
        SELECT 'TYPE', oid::regtype::text, oid, typnamespace, typowner FROM pg_type WHERE typtype IN ('d', 'e')
    ) AS owned (kind, name, id, namespace, owner)
     WHERE pg_get_userbyid(owner) = current_user
       AND namespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = id AND deptype IN ('e', 'a', 'i')
                          AND refclassid IN ('pg_extension'::regclass, 'pg_class'::regclass)) \\gexec
    SELECT format('ALTER DATABASE %1$I OWNER TO %1$I', :'owner'),
           format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'owner') \\gexec
"""

ADOPT = f"""
    SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['stepglass', 'prefect']) AS name
     WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
    SELECT 'CREATE DATABASE prefect TEMPLATE stepglass'
     WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'prefect') \\gexec

    \\connect prefect
    \\set owner prefect
    BEGIN;
    DROP SCHEMA IF EXISTS stepglass CASCADE;
    {_HAND_OVER}
    COMMIT;

    \\connect stepglass
    \\set owner stepglass
    BEGIN;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    {_HAND_OVER}
    COMMIT;
"""
"""Changes a cluster in which the superuser owned one database for all: gives Prefect's tables (`public`) a database of
their own, and each database to its owner. May be repeated when it was interrupted: the last commit makes it not old."""
