"""Most leads have no pass before them: that it is named once is said by the index of those that have one, not by a second one of all leads."""

from django.db import migrations

ONCE = """
ALTER TABLE crm_lead DROP CONSTRAINT crm_lead_previous_id_key;
DROP INDEX lead_woken;
CREATE UNIQUE INDEX lead_woken ON crm_lead (previous_id) INCLUDE (opened_at) WHERE previous_id IS NOT NULL;
"""
TWICE = """
DROP INDEX lead_woken;
CREATE INDEX lead_woken ON crm_lead (previous_id) INCLUDE (opened_at) WHERE previous_id IS NOT NULL;
ALTER TABLE crm_lead ADD CONSTRAINT crm_lead_previous_id_key UNIQUE (previous_id);
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0016_contacts_by_name_with_account")]

    operations = [migrations.RunSQL(ONCE, TWICE)]
