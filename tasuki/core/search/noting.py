"""For migrations: the triggers by which a table says which of its rows search must read again.

One trigger for each kind of statement, not for each row: an import of 10,000 rows notes one line of ids. Whoever writes, by
whatever way, nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import migrations

FUNCTION = """
CREATE FUNCTION core_note_for_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- TG_ARGV: the noun, the column that holds its id, and the columns it is searched by.
    ids text := format('SELECT %I AS id FROM written', TG_ARGV[1]);
    is_changed text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT string_agg(format('before.%1$I IS DISTINCT FROM written.%1$I', name), ' OR ') INTO is_changed FROM unnest(TG_ARGV[2:]) AS name;
        ids := format('SELECT unnest(ARRAY[before.%1$I, written.%1$I]) AS id FROM before JOIN written USING (id) WHERE ', TG_ARGV[1]) || is_changed;
    END IF;
    EXECUTE format(
        'INSERT INTO core_searchchange (noun, record_ids, n_records)
         SELECT %L, array_agg(id), count(*) FROM (SELECT DISTINCT id FROM (%s) AS named WHERE id IS NOT NULL) AS once
         GROUP BY id / 2000', TG_ARGV[0], ids);
    RETURN NULL;
END $$;
"""
NO_FUNCTION = "DROP FUNCTION core_note_for_search();"

_TRANSITION = {"insert": "NEW TABLE AS written", "update": "OLD TABLE AS before NEW TABLE AS written", "delete": "OLD TABLE AS written"}


def noting(table: str, *, noun: str, columns: Sequence[str], record_id: str = "id") -> migrations.RunSQL:
    """The triggers of a table, and a note of the rows that it has already. `columns` are those that the noun is searched by."""
    arguments = ", ".join(f"'{word}'" for word in (noun, record_id, *columns))
    create = [
        f"CREATE TRIGGER search_{event} AFTER {event.upper()} ON {table} REFERENCING {rows} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION core_note_for_search({arguments});"
        for event, rows in _TRANSITION.items()
    ]
    drop = [f"DROP TRIGGER search_{event} ON {table};" for event in _TRANSITION]
    present = (
        "INSERT INTO core_searchchange (noun, record_ids, n_records) "
        f"SELECT '{noun}', array_agg({record_id}), count(*) FROM {table} WHERE {record_id} IS NOT NULL GROUP BY {record_id} / 2000;"
    )
    return migrations.RunSQL("\n".join([*create, present] if record_id == "id" else create), "\n".join(drop))
