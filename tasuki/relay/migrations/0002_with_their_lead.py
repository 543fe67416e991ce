"""Clocks go with their lead, and what happened to a clock goes with it."""

from django.db import migrations

ADD = """
ALTER TABLE relay_clock ADD CONSTRAINT relay_clock_lead FOREIGN KEY (lead_id) REFERENCES crm_lead (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE relay_clockevent
    ADD CONSTRAINT relay_clockevent_clock FOREIGN KEY (clock_id) REFERENCES relay_clock (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
DROP = "ALTER TABLE relay_clockevent DROP CONSTRAINT relay_clockevent_clock; ALTER TABLE relay_clock DROP CONSTRAINT relay_clock_lead;"


class Migration(migrations.Migration):
    dependencies = [("relay", "0001_initial")]

    operations = [migrations.RunSQL(ADD, DROP)]
