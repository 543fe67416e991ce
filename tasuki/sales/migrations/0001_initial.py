import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('crm', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Opportunity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='opportunity', to='crm.lead', verbose_name='lead')),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('product', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='opportunities', to='crm.product', verbose_name='product')),
                ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='amount')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('close_on', models.DateField(blank=True, null=True, verbose_name='expected close date')),
                ('owner', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='opportunities', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='opportunities', to='core.team', verbose_name='team')),
                ('reference', models.CharField(blank=True, max_length=120, verbose_name='reference')),
                ('opened_at', models.DateTimeField(verbose_name='opened')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('won_at', models.DateTimeField(null=True, verbose_name='won')),
                ('lost_because', models.CharField(blank=True, choices=[('competitor', 'lost to a competitor'), ('no_decision', 'no decision'), ('too_early', 'too early')], max_length=12, verbose_name='lost because')),
                ('lost_to', models.CharField(blank=True, max_length=120, verbose_name='lost to')),
                ('custom', models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict, verbose_name='custom fields')),
                ('updated_at', models.DateTimeField(verbose_name='changed')),
                ('state', models.GeneratedField(db_persist=True, expression=models.Case(models.When(then=models.Value('won'), won_at__isnull=False), models.When(closed_at__isnull=True, then=models.Value('open')), models.When(lost_because='', then=models.Value('withdrawn')), default=models.Value('lost')), output_field=models.CharField(choices=[('open', 'open'), ('won', 'won'), ('lost', 'lost'), ('withdrawn', 'withdrawn')], max_length=9, verbose_name='state'))),
            ],
            options={
                'verbose_name': 'opportunity',
                'verbose_name_plural': 'opportunities',
                'indexes': [models.Index(fields=['-opened_at', '-id'], name='opportunity_newest'), models.Index(fields=['state', '-opened_at', '-id'], name='opportunity_in_state'), models.Index(fields=['owner', '-opened_at', '-id'], name='opportunity_of_owner'), models.Index(fields=['team', '-opened_at', '-id'], name='opportunity_of_team'), models.Index(fields=['name', 'id'], name='opportunity_by_name'), models.Index(fields=['amount', 'id'], name='opportunity_by_amount'), models.Index(fields=['close_on', 'id'], name='opportunity_by_close_date'), models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at', 'id'], name='opportunity_by_end'), models.Index(fields=['product', 'opened_at', 'id'], name='opportunity_by_product'), models.Index(condition=models.Q(('lost_because', ''), _negated=True), fields=['lost_because', 'id'], name='opportunity_by_reason'), models.Index(condition=models.Q(('lost_to', ''), _negated=True), fields=['lost_to', 'id'], name='opportunity_by_winner'), models.Index(fields=['updated_at', 'id'], name='opportunity_by_change')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('reference',), name='opportunity_reference_once'), models.CheckConstraint(condition=models.Q(('amount__isnull', True), models.Q(('currency', ''), _negated=True), _connector='OR'), name='amount_has_a_currency'), models.CheckConstraint(condition=models.Q(('won_at__isnull', True), ('closed_at', models.F('won_at')), _connector='OR'), name='won_is_closed'), models.CheckConstraint(condition=models.Q(('lost_because', ''), models.Q(('closed_at__isnull', False), ('won_at__isnull', True)), _connector='OR'), name='lost_is_closed')],
            },
        ),
    ]
