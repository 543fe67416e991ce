"""The addresses and numbers that rows of a file bring to contacts who are here, and how they are taken back."""

from __future__ import annotations

from typing import Any

from tasuki.core.imports.changing import Rows, audit_row, write_trail
from tasuki.core.imports.copying import array_of, copy_in, execute, look_up
from tasuki.core.imports.nouns import Chunk
from tasuki.core.imports.runs import ImportRun
from tasuki.crm import ways_of_rows
from tasuki.crm.contacts import ContactEmail, ContactPhone

_HAVE = """
SELECT contact.id, ARRAY(SELECT key FROM crm_contactemail WHERE contact_id = contact.id), ARRAY(SELECT e164 FROM crm_contactphone WHERE contact_id = contact.id)
FROM unnest(%s::bigint[]) AS contact(id)"""


def add(chunk: Chunk, rows: Rows, *, before: dict[int, dict[str, Any]]) -> None:
    """Add what each row says and its contact does not have; the first of a kind becomes the main one. `before` is how the contacts were."""
    saying = [(line, pk) for line, pk in rows if line.values.keys() & {"email", "phone"}]
    have: dict[int, tuple[list[str], list[str]]] = look_up(_HAVE, [pk for _line, pk in saying])
    mails, numbers, trail, unchanged = [], [], [], []
    for line, pk in saying:
        keys, e164s = have[pk]
        new = [(address, key) for address, key in ways_of_rows.addresses_of(line.values) if key not in keys]
        added = {"emails": [key for _address, key in new], "phones": [one for one in line.values.get("phone", ()) if one not in e164s]}
        if not any(added.values()):
            continue
        mails += [(pk, address, key, nth == 0 and not keys) for nth, (address, key) in enumerate(new)]
        numbers += [(pk, number, "", nth == 0 and not e164s) for nth, number in enumerate(added["phones"])]
        line.trace["added"] = added
        if "was" not in line.trace:
            line.trace["was"] = before[pk]
            unchanged.append(pk)
        said = {
            "emails": [None, ", ".join(address for address, _key in new)] if new else None,
            "phones": [None, ", ".join(added["phones"])] if added["phones"] else None,
        }
        trail.append(audit_row(chunk, noun="contact", pk=pk, action="change", changes={name: pair for name, pair in said.items() if pair}))
    copy_in(ContactEmail, ("contact_id", "address", "key", "is_primary"), mails)
    copy_in(ContactPhone, ("contact_id", "e164", "written", "is_primary"), numbers)
    if unchanged:
        execute("UPDATE crm_contact SET updated_at = %s WHERE id = ANY(%s)", [chunk.at, array_of(unchanged)])
    write_trail(trail)


def take_back(run: ImportRun) -> None:
    """Take away what rows of the run added to contacts who were here."""
    for table, column, name in (("crm_contactemail", "key", "emails"), ("crm_contactphone", "e164", "phones")):
        execute(
            f"""DELETE FROM {table} way USING core_importrow row
                WHERE row.run_id = %s AND row.trace ? 'added' AND way.contact_id = row.target_id AND row.trace->'added'->'{name}' ? way.{column}""",
            [run.pk],
        )
