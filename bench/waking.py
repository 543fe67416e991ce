"""Waking leads that are all due at once: work and time of a lead in a set, as a share of 10 ms (a hundred a second), and as a ratio to one that wakes alone.

Usage: TASUKI_HOME=… bin/bench waking [leads]. Whatever is recycled there is made due; everything it writes is rolled back at the end.
"""

from __future__ import annotations

import sys
import time

import harness

LIMIT_MS, ALONE = 10.0, 20


def main(most: int) -> None:
    harness.ready()
    from django.db import connection, transaction
    from django.utils.timezone import now

    from tasuki.inside_sales import holding_queue, waking
    from tasuki.inside_sales.holdings import Holding

    morning = holding_queue.morning(now(), hours=holding_queue.hours(holding_queue.rules())).next_at
    if morning is None:
        raise SystemExit("The queue of this house never opens.")
    with transaction.atomic(), connection.cursor() as cursor:
        due = Holding.objects.waiting().exclude(ended_as="lost").order_by("pk").values("pk")[: most + ALONE]
        n_due = Holding.objects.filter(pk__in=due).update(wake_on=morning.date(), wake_every=None, wake_until_on=None)
        print(f"{harness.machine()}; {n_due:,} leads are due")

        def wake(n: int) -> tuple[int, float, float]:
            """How many, and the seconds that it took with all that is checked as a transaction ends: on the clock, and of this process."""
            clock, own = time.perf_counter(), time.process_time()
            done = waking.wake_due(at=morning, most=n)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            return done, time.perf_counter() - clock, time.process_time() - own

        alone = [wake(1) for _nth in range(ALONE)]
        sets = []
        while (one := wake(waking.BATCH))[0]:
            sets.append(one)
        n, clock, own = (sum(column) for column in zip(*sets, strict=True))
        ms, ms_alone = 1000 * clock / n, 1000 * sum(one[1] for one in alone) / ALONE
        share = f"{ms:.1f} ms each = {ms / LIMIT_MS:.2f} of {LIMIT_MS:.0f}, {1000 * own / n:.1f} of them Python"
        print(f"in sets of {waking.BATCH}: {n:,} leads, {n / clock:.0f} a second, {share}")
        print(f"the longest set took {max(one[1] for one in sets):.2f} s; alone {ms_alone:.0f} ms each, {ms_alone / ms:.0f} times as long")
        transaction.set_rollback(True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
