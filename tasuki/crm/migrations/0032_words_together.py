"""The words of people are read together with those of their companies, and of the companies of their leads, where those are others."""

from django.db import migrations

# A new lead mostly has the company of its person, who is read anyway when they come or go elsewhere. Planned as for few: to join the rows of an import,
# PostgreSQL would read all people.
ELSEWHERE = """
CREATE FUNCTION crm_note_leads_elsewhere() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
    SELECT 'contact', array_agg(id), count(*), true FROM (
        SELECT DISTINCT person.id FROM written JOIN crm_contact AS person ON person.id = written.contact_id
        WHERE written.account_id IS NOT NULL AND written.account_id IS DISTINCT FROM person.account_id
    ) AS elsewhere GROUP BY id / 2000;
    RETURN NULL;
END $$;
CREATE TRIGGER search_elsewhere_insert AFTER INSERT ON crm_lead REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_leads_elsewhere();

CREATE FUNCTION crm_note_lead_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
    SELECT 'contact', ARRAY[id], 1, true FROM crm_contact WHERE id = NEW.contact_id AND account_id IS DISTINCT FROM NEW.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_elsewhere_update AFTER UPDATE OF account_id, contact_id ON crm_lead FOR EACH ROW
    WHEN (NEW.account_id IS NOT NULL AND (NEW.account_id, NEW.contact_id) IS DISTINCT FROM (OLD.account_id, OLD.contact_id))
    EXECUTE FUNCTION crm_note_lead_elsewhere();
"""
NOT_ELSEWHERE = """
DROP TRIGGER search_elsewhere_insert ON crm_lead;
DROP TRIGGER search_elsewhere_update ON crm_lead;
DROP FUNCTION crm_note_leads_elsewhere();
DROP FUNCTION crm_note_lead_elsewhere();
"""
PRESENT = """
INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
SELECT 'contact', array_agg(id), count(*), true FROM crm_contact GROUP BY id / 2000;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0015_words_together"), ("crm", "0031_postal_addresses")]

    operations = [migrations.RunSQL(ELSEWHERE, NOT_ELSEWHERE), migrations.RunSQL(PRESENT, "DELETE FROM core_searchchange WHERE is_of_owners")]
