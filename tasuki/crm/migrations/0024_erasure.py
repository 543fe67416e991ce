"""An erased person says so, a merge of theirs is final, and the source in detail of a lead goes with them."""

from django.db import migrations, models

# Where a lead came from never changes; what was said of it in detail may name a person, and goes with them.
SOURCE = """
CREATE OR REPLACE FUNCTION crm_keep_the_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('tasuki.correcting', true), '') = 'erasure' AND (OLD.source, OLD.origin) = (NEW.source, NEW.origin) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the source and the origin of a lead never change' USING ERRCODE = 'restrict_violation';
END $$;
"""
SOURCE_BEFORE = """
CREATE OR REPLACE FUNCTION crm_keep_the_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the source and the origin of a lead never change' USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0023_product_points"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="erased_at",
            field=models.DateTimeField(null=True, verbose_name="erased"),
        ),
        migrations.RunSQL(SOURCE, SOURCE_BEFORE),
        migrations.AddField(
            model_name="merge",
            name="is_final",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
