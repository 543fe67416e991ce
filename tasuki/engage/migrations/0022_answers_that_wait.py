"""What is clear by itself is said on the row, so that those that wait for a word are counted without their letters."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

_CLEAR = ("auto_reply", "bounce", "unsubscribe")


def say_what_is_clear(apps: Any, _schema_editor: Any) -> None:
    apps.get_model("engage", "ReplyTriage").objects.filter(message__kind__in=_CLEAR).update(is_clear=True)


class Migration(migrations.Migration):
    dependencies = [("engage", "0021_close_meetings")]

    operations = [
        migrations.AddField(
            model_name="replytriage",
            name="is_clear",
            field=models.BooleanField(db_default=False, default=False, verbose_name="clear by itself"),
        ),
        migrations.RunPython(say_what_is_clear, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="replytriage",
            index=models.Index(condition=models.Q(("is_clear", False), ("said_at__isnull", True)), fields=["came_at", "id"], name="triage_waiting"),
        ),
    ]
