"""What goes with its lead: only the undo of an import takes a lead away, and it knows nothing of us."""

from django.db import migrations

LATER = " DEFERRABLE INITIALLY DEFERRED"
RULES = [
    ("inside_sales_routingdecision", "inside_sales_routingdecision_lead", LATER),
    ("inside_sales_routingwait", "inside_sales_routingwait_lead", LATER),
    ("inside_sales_holding", "held_with_its_lead", ""),
    # Who has a lead before them, and who passed it over, is no work that its removal must spare.
    ("inside_sales_lease", "inside_sales_lease_lead", LATER),
    ("inside_sales_skip", "inside_sales_skip_lead", LATER),
    ("inside_sales_calllistentry", "call_list_entry_of_lead", ""),
]
ADD = "\n".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (lead_id) REFERENCES crm_lead (id) ON DELETE CASCADE{later};" for table, name, later in RULES
)
DROP = "\n".join(f"ALTER TABLE {table} DROP CONSTRAINT {name};" for table, name, _later in RULES)


class Migration(migrations.Migration):
    dependencies = [("inside_sales", "0001_initial")]

    operations = [migrations.RunSQL(ADD, DROP)]
