"""What was said of an erased person may be taken out of the rows that are otherwise never changed: out of these columns alone, and in an erasure alone."""

from django.db import migrations

APPEND_ONLY_BUT_FOR_ERASURE = """
CREATE OR REPLACE FUNCTION core_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND coalesce(current_setting('tasuki.correcting', true), '') = 'erasure' THEN
        IF to_jsonb(NEW) - 'changes' - 'words' - 'would_change' = to_jsonb(OLD) - 'changes' - 'words' - 'would_change' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: a row is never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
APPEND_ONLY = """
CREATE OR REPLACE FUNCTION core_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row is never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0012_stopped_imports")]

    operations = [migrations.RunSQL(APPEND_ONLY_BUT_FOR_ERASURE, APPEND_ONLY)]
