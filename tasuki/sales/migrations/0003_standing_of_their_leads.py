"""What stands on the lead of an opportunity, beside it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0008_removed_views"),
        ("crm", "0020_told_of_bulk_changes"),
        ("sales", "0002_search_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="opportunity",
            name="lead_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="crm.account",
            ),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lead_contact",
            field=models.ForeignKey(
                db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="crm.contact"
            ),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lead_segment",
            field=models.CharField(blank=True, editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lead_source",
            field=models.CharField(blank=True, editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lead_stage",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="crm.stage"
            ),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lead_stage_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["lead_account", "id"], name="opportunity_by_account"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["lead_stage", "id"], name="opportunity_by_stage"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["lead_stage_since", "id"], name="opportunity_by_time_in_stage"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["lead_source", "id"], name="opportunity_by_source"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["lead_segment", "id"], name="opportunity_by_segment"),
        ),
    ]
