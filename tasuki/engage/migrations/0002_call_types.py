"""The types of calls and the times between attempts that a house begins with."""

from django.db import migrations

CALL_TYPES = [
    ("first", "First call", "첫 통화", "初回架電"),
    ("follow_up", "Another call", "후속 통화", "再度の架電"),
    ("call_back", "Call back as promised", "약속한 재통화", "約束の再架電"),
    ("confirming", "Confirming a meeting", "미팅 확인", "ミーティングの確認"),
]
# Result, minutes to wait, whether to try another part of the day.
RETRY_RULES = [("na", 180, True), ("busy", 30, False), ("gk", 180, True), ("vm", 1440, False)]


def fill(apps, schema_editor):
    call_type, rule = apps.get_model("engage", "CallType"), apps.get_model("engage", "RetryRule")
    call_type.objects.bulk_create(
        call_type(key=key, position=position, name_en=en, name_ko=ko, name_ja=ja) for position, (key, en, ko, ja) in enumerate(CALL_TYPES, start=1)
    )
    rule.objects.bulk_create(rule(disposition=disposition, n_minutes=n, is_other_hour=other) for disposition, n, other in RETRY_RULES)


class Migration(migrations.Migration):
    dependencies = [("engage", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
