from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0026_recycled_of_teams")]

    operations = [
        migrations.AddIndex(model_name="account", index=models.Index(fields=["team", "country"], name="account_of_team_by_country")),
    ]
