"""Rules that hold in the database whoever writes: the audit trail is append-only. And the one organisation."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION core_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row is never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH ROW EXECUTE FUNCTION core_refuse_rewriting();
"""
REWRITABLE = "DROP TRIGGER audit_append_only ON core_auditentry; DROP FUNCTION core_refuse_rewriting();"

CACHE = """
CREATE UNLOGGED TABLE core_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX core_cache_expires ON core_cache (expires);
"""

ORGANISATION = """
INSERT INTO core_organisation (id, name, country, currency, language, time_zone, fiscal_year_starts_in)
VALUES (1, 'Tasuki', 'KR', 'KRW', 'en', 'Asia/Seoul', 1);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, REWRITABLE),
        migrations.RunSQL(CACHE, "DROP TABLE core_cache;"),
        migrations.RunSQL(ORGANISATION, "DELETE FROM core_organisation;"),
    ]
