"""The countries' rules that a house begins with; where they are from stands in `tasuki/engage/contact_rules.py`."""

from django.db import migrations

EU = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
LAWS = {
    "KR": "정보통신망법 §50",
    "JP": "特定電子メール法, 特定商取引法",
    "GB": "PECR 2003, UK GDPR",
    "US": "CAN-SPAM Act, TCPA",
}


def plant(apps, schema_editor):
    rule = apps.get_model("engage", "ContactRule").objects
    rule.create(country="")
    rule.create(country="KR", mail="basis", message="basis", phone="basis", source=LAWS["KR"])
    rule.create(country="JP", mail="basis", message="consent", phone="no_refusal", source=LAWS["JP"])
    rule.create(country="GB", mail="basis", message="basis", phone="no_refusal", source=LAWS["GB"])
    rule.create(country="US", mail="no_refusal", message="consent", phone="no_refusal", source=LAWS["US"])
    for country in EU:
        rule.create(country=country, mail="basis", message="basis", phone="no_refusal", source="2002/58/EC §13")


class Migration(migrations.Migration):
    dependencies = [("engage", "0002_call_types")]

    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
