"""Whoever had a lead at another company than theirs is read again when the lead goes from there, too: its words are not theirs any more."""

from django.db import migrations

NOTE = """
CREATE OR REPLACE FUNCTION crm_note_lead_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
    SELECT 'contact', ARRAY[id], 1, true FROM crm_contact
    WHERE id = NEW.contact_id AND NEW.account_id IS NOT NULL AND account_id IS DISTINCT FROM NEW.account_id
       OR id = OLD.contact_id AND OLD.account_id IS NOT NULL AND account_id IS DISTINCT FROM OLD.account_id;
    RETURN NULL;
END $$;
DROP TRIGGER search_elsewhere_update ON crm_lead;
CREATE TRIGGER search_elsewhere_update AFTER UPDATE OF account_id, contact_id ON crm_lead FOR EACH ROW
    WHEN ((NEW.account_id, NEW.contact_id) IS DISTINCT FROM (OLD.account_id, OLD.contact_id))
    EXECUTE FUNCTION crm_note_lead_elsewhere();
"""
NOTE_WHERE_IT_GOES = """
CREATE OR REPLACE FUNCTION crm_note_lead_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
    SELECT 'contact', ARRAY[id], 1, true FROM crm_contact WHERE id = NEW.contact_id AND account_id IS DISTINCT FROM NEW.account_id;
    RETURN NULL;
END $$;
DROP TRIGGER search_elsewhere_update ON crm_lead;
CREATE TRIGGER search_elsewhere_update AFTER UPDATE OF account_id, contact_id ON crm_lead FOR EACH ROW
    WHEN (NEW.account_id IS NOT NULL AND (NEW.account_id, NEW.contact_id) IS DISTINCT FROM (OLD.account_id, OLD.contact_id))
    EXECUTE FUNCTION crm_note_lead_elsewhere();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0034_teams_beside_contacts")]

    operations = [migrations.RunSQL(NOTE, NOTE_WHERE_IT_GOES)]
