"""Whoever changes what a score is made of, the database writes down that the score is due; and a lead that goes takes its scores along."""

from django.db import migrations

# What is written in a statement, and what of it makes a score due: {changed} gives ids of leads.
_NOTING = """
CREATE FUNCTION crm_scores_due_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crm_scoredue (lead_id) {changed};
    RETURN NULL;
END $$;
CREATE TRIGGER scores_due_{name} AFTER {event} ON {table} REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION crm_scores_due_{name}();
"""
_NO_NOTING = "DROP TRIGGER scores_due_{name} ON {table}; DROP FUNCTION crm_scores_due_{name}();"

# Passes that are over, or in other hands, are not scored any more.
_OPEN = "lead.stage_id IN ('captured', 'nurturing', 'ready', 'working', 'connected', 'booked')"
_NEW, _BOTH = "NEW TABLE AS written", "NEW TABLE AS written OLD TABLE AS gone"


def _due(name: str, table: str, event: str, *, changed: str) -> migrations.RunSQL:
    rows = _BOTH if event == "UPDATE" else _NEW
    return migrations.RunSQL(_NOTING.format(name=name, table=table, event=event, rows=rows, changed=changed), _NO_NOTING.format(name=name, table=table))


def _differs(*columns: str) -> str:
    return f"({', '.join(f'written.{one}' for one in columns)}) IS DISTINCT FROM ({', '.join(f'gone.{one}' for one in columns)})"


def _goes_along(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_lead FOREIGN KEY (lead_id) REFERENCES crm_lead (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_lead",
    )


_LEAD = ("stage_id", "stage_since", "source", "source_detail", "segment", "origin", "product_id", "contact_id", "account_id", "custom")
_ACCOUNT, _CONTACT = ("name", "country", "industry", "n_employees"), ("family_name", "given_name", "title")


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_gone_with_their_record")]

    operations = [
        _goes_along("crm_leadscore"),
        _goes_along("crm_formerscore"),
        _due("leads", "crm_lead", "INSERT", changed=f"SELECT lead.id FROM written lead WHERE {_OPEN}"),
        _due(
            "changed_leads",
            "crm_lead",
            "UPDATE",
            changed=f"SELECT written.id FROM written JOIN gone USING (id) WHERE {_OPEN.replace('lead.', 'written.')} AND {_differs(*_LEAD)}",
        ),
        _due(
            "entries",
            "crm_timelineentry",
            "INSERT",
            changed=f"""SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.id IN (SELECT lead_id FROM written WHERE lead_id IS NOT NULL AND kind IN ('move', 'visit', 'mail', 'call', 'meeting'))
                UNION
                SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.contact_id IN (
                    SELECT contact_id FROM written
                    WHERE lead_id IS NULL AND contact_id IS NOT NULL AND kind IN ('move', 'visit', 'mail', 'call', 'meeting'))""",
        ),
        _due(
            "changed_entries",
            "crm_timelineentry",
            "UPDATE",
            # Two contacts that become one, or are two again: what was known of one of them before any lead counts for the leads of who has it now.
            changed=f"""SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.id IN (
                    SELECT unnest(ARRAY[written.lead_id, gone.lead_id]) FROM written JOIN gone USING (id) WHERE {_differs("at", "kind", "lead_id", "detail")})
                UNION
                SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.contact_id IN (
                    SELECT unnest(ARRAY[written.contact_id, gone.contact_id]) FROM written JOIN gone USING (id)
                    WHERE written.lead_id IS NULL AND written.contact_id IS DISTINCT FROM gone.contact_id
                      AND written.kind IN ('move', 'visit', 'mail', 'call', 'meeting'))""",
        ),
        _due(
            "accounts",
            "crm_account",
            "UPDATE",
            changed=f"""SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.account_id IN (SELECT id FROM written JOIN gone USING (id) WHERE {_differs(*_ACCOUNT)})""",
        ),
        _due(
            "contacts",
            "crm_contact",
            "UPDATE",
            changed=f"""SELECT lead.id FROM crm_lead lead
                WHERE {_OPEN} AND lead.contact_id IN (SELECT id FROM written JOIN gone USING (id) WHERE {_differs(*_CONTACT)})""",
        ),
    ]
