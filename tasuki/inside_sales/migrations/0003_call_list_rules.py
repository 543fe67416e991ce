"""A frozen list stays as it was: the database itself refuses what would change its order."""

from django.db import migrations

FROZEN = """
CREATE FUNCTION inside_sales_keep_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.inserted_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    IF (SELECT frozen_at FROM inside_sales_calllist WHERE id = NEW.call_list_id) IS NOT NULL THEN
        RAISE EXCEPTION 'list % is frozen', NEW.call_list_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_frozen_insert BEFORE INSERT ON inside_sales_calllistentry FOR EACH ROW EXECUTE FUNCTION inside_sales_keep_frozen();
CREATE TRIGGER keep_frozen_update BEFORE UPDATE ON inside_sales_calllistentry FOR EACH ROW
    WHEN ((OLD.call_list_id, OLD.bucket, OLD.position, OLD.inserted_at) IS DISTINCT FROM (NEW.call_list_id, NEW.bucket, NEW.position, NEW.inserted_at))
    EXECUTE FUNCTION inside_sales_keep_frozen();
"""
NOT_FROZEN = """
DROP TRIGGER keep_frozen_insert ON inside_sales_calllistentry; DROP TRIGGER keep_frozen_update ON inside_sales_calllistentry;
DROP FUNCTION inside_sales_keep_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("inside_sales", "0002_with_their_lead")]

    operations = [migrations.RunSQL(FROZEN, NOT_FROZEN)]
