"""Who owns a lead is kept beside its opportunity too: whoever brought a deal sees it, which is asked of each row that a list passes."""

from django.conf import settings
from django.db import migrations, models

_BEFORE = ("contact_id", "account_id", "stage_id", "stage_since", "source", "segment")
_NOW = (*_BEFORE, "owner_id")


def _kept(columns: tuple[str, ...]) -> str:
    beside, old, new = ((", ".join(f"{prefix}{name}" for name in columns)) for prefix in ("NEW.lead_", "OLD.", "NEW."))
    return f"""
CREATE OR REPLACE FUNCTION sales_copy_the_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Whoever changes the lead meanwhile would not find this row to change it as well.
        PERFORM FROM crm_lead WHERE id = NEW.lead_id FOR SHARE;
    END IF;
    SELECT {", ".join(columns)} INTO {beside} FROM crm_lead WHERE id = NEW.lead_id;
    RETURN NEW;
END $$;
DROP TRIGGER opportunities_follow ON crm_lead;
CREATE TRIGGER opportunities_follow AFTER UPDATE ON crm_lead FOR EACH ROW
WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION sales_follow_the_lead();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0036_whose_leads_in_a_stage"), ("sales", "0005_words_together")]

    operations = [
        migrations.AddField(
            model_name="opportunity",
            name="lead_owner",
            field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=models.DO_NOTHING, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunSQL(_kept(_NOW), _kept(_BEFORE)),
        # The trigger reads the rest.
        migrations.RunSQL("UPDATE sales_opportunity SET lead_id = lead_id", migrations.RunSQL.noop),
    ]
