"""Erasures: who asked, who confirmed, what was done."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0024_erasure"),
        ("relay", "0014_recorded_calls_of_hand_offs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ground",
                    models.CharField(
                        choices=[
                            ("asked", "the person asked for it"),
                            ("withdrawn", "they took their consent back"),
                            ("over", "the time for which it was kept is over"),
                            ("unlawful", "it should not have been collected"),
                        ],
                        max_length=9,
                        verbose_name="why",
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=300, verbose_name="in words")),
                ("kept_ids", models.JSONField(default=list)),
                ("kept_because", models.CharField(blank=True, max_length=300, verbose_name="by which law files are kept")),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "waits for a second person"), ("confirmed", "being erased"), ("done", "erased"), ("withdrawn", "withdrawn")],
                        default="asked",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                ("done_at", models.DateTimeField(null=True, verbose_name="erased")),
                ("counts", models.JSONField(default=dict)),
                ("stored", models.JSONField(default=list)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="asked by"
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="confirmed by"
                    ),
                ),
                ("contact", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="erasures", to="crm.contact", verbose_name="contact")),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("state", "done"), _negated=True), models.Q(("done_at__isnull", False), ("words", "")), _connector="OR"),
                        name="erasure_done_says_nothing",
                    ),
                ],
            },
        ),
    ]
