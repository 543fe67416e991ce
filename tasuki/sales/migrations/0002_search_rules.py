"""What can be found of opportunities is noted for search whoever writes it."""

from django.db import migrations

from tasuki.core.search.noting import noting


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial"), ("core", "0003_search_rules")]

    operations = [noting("sales_opportunity", noun="opportunity", columns=("name", "reference"))]
