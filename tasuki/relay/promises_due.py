"""What agreements put on tomorrow's list: leads whose clock would run out on the day."""

from __future__ import annotations

from tasuki.inside_sales.call_lists.buckets import Asked, Rows


def late(_asked: Asked) -> Rows:
    """Who is owed an answer by the end of the day, and by whom, the one that is due first first. A first answer that is late already is called by
    what it is worth; a reply, a plan and a lead that sales gave back stay until somebody goes on with them."""
    return (
        """SELECT promise.owner_id, promise.lead_id, -extract(epoch FROM min(promise.due_at))::float8 AS key,
                  jsonb_build_array(jsonb_build_array('owed', min(promise.due_at))) AS why
           FROM (SELECT clock.owner_id, clock.lead_id, clock.due_at
                 FROM relay_clock clock JOIN asked ON asked.owner_id = clock.owner_id
                 WHERE clock.stopped_at IS NULL AND clock.owed <> 'reading' AND clock.due_at > %(at)s AND clock.due_at < asked.ends_at
                 UNION ALL
                 SELECT clock.owner_id, clock.lead_id, clock.due_at
                 FROM relay_clock clock JOIN asked ON asked.owner_id = clock.owner_id
                 WHERE clock.stopped_at IS NULL AND clock.owed IN ('reply', 'plan', 'take_up') AND clock.due_at <= %(at)s) promise
           GROUP BY promise.owner_id, promise.lead_id""",
        {},
    )
