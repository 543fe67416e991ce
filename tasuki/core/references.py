"""For migrations: what the rows of a history point to is checked once for a statement, not once for each row.

A foreign key asks for each row by itself whether what it names is there. An imported lead writes six rows of history with twenty such
names, and the asking took longer than the writing. The rule is the same: nothing may be named that is not there, and nothing that is named
may go. Only when it is looked at differs, at the end of each statement and not of the transaction: parents are written first and removed last.
"""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
CREATE FUNCTION core_keep_what_is_named() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- TG_ARGV: the table that names, its column, and the column that is named.
    is_named boolean;
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I::text = $1)', TG_ARGV[0], TG_ARGV[1]) INTO is_named USING to_jsonb(OLD) ->> TG_ARGV[2];
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM gone JOIN %I child ON child.%I = gone.%I)', TG_ARGV[0], TG_ARGV[1], TG_ARGV[2]) INTO is_named;
    END IF;
    IF is_named THEN
        RAISE EXCEPTION 'rows of % are named by %.%', TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_ARGV[0], COLUMN = TG_ARGV[1];
    END IF;
    RETURN NULL;
END $$;
"""
NO_FUNCTION = "DROP FUNCTION core_keep_what_is_named();"


def checked(table: str, **columns: str) -> migrations.RunSQL:
    """The triggers for the columns of a table, each with `table.column` that it names. The fields of the model say db_constraint=False."""
    named = _named(columns)
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in named)
    create = [_function(table, named)]
    create.append(
        f"CREATE TRIGGER references_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION {table}_references();"
    )
    create.append(
        f"CREATE TRIGGER references_update AFTER UPDATE OF {', '.join(named)} ON {table} FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {table}_references();"
    )
    drop = [f"DROP TRIGGER references_insert ON {table}; DROP TRIGGER references_update ON {table}; DROP FUNCTION {table}_references();"]
    for column, (parent, key) in named.items():
        said, name = f"core_keep_what_is_named('{table}', '{column}', '{key}')", f"named_by_{table}_{column}"
        create.append(f"CREATE TRIGGER {name}_gone AFTER DELETE ON {parent} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {said};")
        create.append(f"CREATE TRIGGER {name} AFTER UPDATE OF {key} ON {parent} FOR EACH ROW WHEN (OLD.{key} <> NEW.{key}) EXECUTE FUNCTION {said};")
        drop.append(f"DROP TRIGGER {name}_gone ON {parent}; DROP TRIGGER {name} ON {parent};")
    return migrations.RunSQL("\n".join(create), "\n".join(drop))


def _named(columns: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {column: (place.split(".")[0], place.split(".")[1]) for column, place in columns.items()}


def _function(table: str, named: dict[str, tuple[str, str]]) -> str:
    of_many = "\n".join(_of_many(column, parent, key) for column, (parent, key) in named.items())
    of_one = "\n".join(
        f"""        IF NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} IS NOT NULL
            AND (SELECT there.{key} FROM {parent} there WHERE there.{key} = NEW.{column} FOR KEY SHARE) IS NULL THEN lost := '{column}'; END IF;"""
        for column, (parent, key) in named.items()
    )
    # The plan is kept: it must not read a whole table because there was little in it when the plan was made.
    return f"""
CREATE OR REPLACE FUNCTION {table}_references() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    lost text;
    lowest bigint;
    highest bigint;
    n_named bigint;
BEGIN
    IF TG_LEVEL = 'ROW' THEN
{of_one}
    ELSE
{of_many}
    END IF;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION '{table}.% names what is not there', lost USING ERRCODE = 'foreign_key_violation', TABLE = '{table}', COLUMN = lost;
    END IF;
    RETURN NULL;
END $$;"""


def _of_many(column: str, parent: str, key: str) -> str:
    """The question for a whole statement: what this transaction wrote nobody else can remove, so it need not be held; the rest is."""
    # Scalar questions, so that each is one look into an index whether a plan was made for one row or for ten thousand.
    ask = f"""
            WHERE (SELECT there.xmin = pg_current_xact_id()::xid FROM {parent} there WHERE there.{key} = said.named) IS NOT TRUE
              AND (SELECT there.{key} FROM {parent} there WHERE there.{key} = said.named FOR KEY SHARE) IS NULL) THEN lost := '{column}'; END IF;"""
    if key != "id":
        return f"        IF EXISTS (SELECT FROM (SELECT DISTINCT {column} AS named FROM written WHERE {column} IS NOT NULL) said{ask}"
    # Ids that were given out together stand together: those of this transaction are read in one go.
    return f"""        SELECT min({column}), max({column}), count({column}) INTO lowest, highest, n_named FROM written;
        IF n_named > 0 AND EXISTS (
            SELECT FROM (
                SELECT {column} AS named FROM written WHERE {column} IS NOT NULL
                EXCEPT SELECT there.id FROM {parent} there
                WHERE there.id BETWEEN lowest AND CASE WHEN highest - lowest < 4 * n_named THEN highest END
                  AND there.xmin = pg_current_xact_id()::xid) said{ask}"""
