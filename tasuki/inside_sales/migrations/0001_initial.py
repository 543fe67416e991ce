import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('crm', '0001_initial'),
        ('engage', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='call_lists', to=settings.AUTH_USER_MODEL, verbose_name='whose')),
                ('for_on', models.DateField(verbose_name='day')),
                ('n_slots', models.PositiveSmallIntegerField(verbose_name='calls that fit')),
                ('built_at', models.DateTimeField()),
                ('frozen_at', models.DateTimeField(null=True)),
                ('frozen_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'call list',
                'verbose_name_plural': 'call lists',
                'indexes': [models.Index(condition=models.Q(('frozen_at__isnull', True)), fields=['for_on'], name='call_list_to_freeze')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'for_on'), name='one_call_list_a_day'), models.CheckConstraint(condition=models.Q(('frozen_at__isnull', False), ('frozen_by__isnull', True), _connector='OR'), name='call_list_frozen_by_and_at')],
            },
        ),
        migrations.CreateModel(
            name='CallListEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='inside_sales.calllist')),
                ('lead', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='call_list_entries', to='crm.lead')),
                ('bucket', models.PositiveSmallIntegerField(choices=[(1, 'call-backs promised'), (2, 'hand-raises and replies'), (3, 'about to be late'), (4, 'meetings to confirm'), (5, 'next steps due'), (6, 'recycled, awake again'), (7, 'ready, by expected value'), (8, 'backlog')])),
                ('position', models.IntegerField()),
                ('reasons', models.JSONField(default=list)),
                ('inserted_at', models.DateTimeField(null=True)),
                ('worked_at', models.DateTimeField(null=True)),
                ('skipped_at', models.DateTimeField(null=True)),
                ('skip_reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'entry of a call list',
                'verbose_name_plural': 'entries of call lists',
                'indexes': [models.Index(fields=['call_list', 'position'], name='call_list_in_order')],
                'constraints': [models.UniqueConstraint(fields=('call_list', 'lead'), name='lead_once_on_a_list'), models.CheckConstraint(condition=models.Q(models.Q(('skip_reason', ''), ('skipped_at__isnull', True)), models.Q(('skipped_at__isnull', False), models.Q(('skip_reason', ''), _negated=True)), _connector='OR'), name='skipped_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='CallListRules',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('minutes_per_lead', models.PositiveSmallIntegerField(default=30, verbose_name='minutes for each lead')),
                ('slots_a_day', models.PositiveSmallIntegerField(default=16, verbose_name='calls a day, at most')),
                ('slots_a_week', models.PositiveSmallIntegerField(default=80, verbose_name='calls a week, at most')),
                ('backlog_percent', models.PositiveSmallIntegerField(default=15, verbose_name='share of the backlog, in percent')),
                ('propose_minute', models.PositiveSmallIntegerField(default=1050, verbose_name='when tomorrow is proposed')),
                ('when_raised', models.CharField(default='stage:is(ready), origin:is(inbound, inbound_again), opened:past(3 days)', max_length=1000, verbose_name='who has just raised a hand')),
                ('when_ready', models.CharField(default='stage:is(ready)', max_length=1000, verbose_name='who is ready')),
                ('when_backlog', models.CharField(default='stage:is(working, connected), stage_since:older_than(3 days)', max_length=1000, verbose_name='what lies long')),
            ],
            options={
                'verbose_name': 'rules of the call list',
                'verbose_name_plural': 'rules of the call list',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_row_of_call_list_rules'), models.CheckConstraint(condition=models.Q(('minutes_per_lead__gte', 1), ('minutes_per_lead__lte', 480)), name='call_list_minutes_make_sense'), models.CheckConstraint(condition=models.Q(('slots_a_day__gte', 1), ('slots_a_day__lte', 500)), name='call_list_slots_make_sense'), models.CheckConstraint(condition=models.Q(('backlog_percent__lte', 100), ('propose_minute__lt', 1440)), name='call_list_shares_make_sense')],
            },
        ),
        migrations.CreateModel(
            name='Holding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='holding', to='crm.lead', verbose_name='lead')),
                ('because', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.exitreason', verbose_name='reason')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='in words')),
                ('ended_as', models.CharField(max_length=12, verbose_name='ended as')),
                ('ended_in', models.CharField(max_length=12, verbose_name='left in')),
                ('team', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.team', verbose_name='held by')),
                ('former_owner', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner before')),
                ('wake_on', models.DateField(null=True, verbose_name='wakes on')),
                ('wake_when', models.CharField(blank=True, max_length=200, verbose_name='wakes when')),
                ('wake_trigger', models.CharField(blank=True, choices=[('visit', 'visits our site'), ('reply', 'replies to us'), ('consent', 'agrees to be reached'), ('event', 'something else happens')], max_length=8, verbose_name='wakes when the person')),
                ('wake_channel', models.CharField(blank=True, choices=[('mail', 'mail'), ('phone', 'phone'), ('message', 'message'), ('post', 'letter')], max_length=8, verbose_name='by which channel')),
                ('wake_every', models.PositiveSmallIntegerField(null=True, verbose_name='every so many days')),
                ('wake_until_on', models.DateField(null=True, verbose_name='until')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, null=True, verbose_name='amount')),
                ('held_at', models.DateTimeField(verbose_name='held')),
                ('state', models.CharField(choices=[('waiting', 'waits'), ('woken', 'woken'), ('overtaken', 'came by another way'), ('archived', 'archived')], default='waiting', max_length=9, verbose_name='state')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled')),
                ('settled_as', models.CharField(blank=True, max_length=200, verbose_name='what became of it')),
            ],
            options={
                'verbose_name': 'held lead',
                'verbose_name_plural': 'held leads',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting'), ('wake_on__isnull', False)), fields=['wake_on', 'id'], name='holding_due'), models.Index(condition=models.Q(('state', 'waiting'), models.Q(('wake_trigger', ''), _negated=True)), fields=['wake_trigger', 'lead'], name='holding_by_trigger'), models.Index(condition=models.Q(('state', 'waiting')), fields=['because', 'wake_on'], include=('wake_trigger', 'amount', 'lead'), name='holding_board'), models.Index(fields=['held_at', 'because'], include=('state', 'lead', 'ended_as'), name='holding_yield'), models.Index(condition=models.Q(('ended_as', 'lost'), ('state', 'woken')), fields=['settled_at'], name='holding_dug')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('wake_on__isnull', False), models.Q(('wake_when', ''), _negated=True), ('wake_trigger__in', ['visit', 'reply']), models.Q(('wake_trigger', 'consent'), models.Q(('wake_channel', ''), _negated=True)), _connector='OR'), models.Q(models.Q(('wake_every__isnull', True), ('wake_until_on__isnull', True)), models.Q(('wake_every__isnull', False), ('wake_on__isnull', False), ('wake_until_on__isnull', False), ('wake_every__gt', 0), ('wake_until_on__gte', models.F('wake_on'))), _connector='OR')), name='held_with_a_wake_rule'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='settled_once')],
            },
        ),
        migrations.CreateModel(
            name='HoldingQueue',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.team', verbose_name='team that holds what is recycled')),
                ('calendar', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.calendar', verbose_name='calendar of its day')),
                ('stage', models.CharField(default='ready', max_length=12, verbose_name='stage in which a pass wakes')),
                ('digs', models.BooleanField(default=True, verbose_name='try dead deals and lost customers again')),
                ('dig_every_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='every how many days')),
                ('dig_for_days', models.PositiveSmallIntegerField(default=720, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3660)], verbose_name='for how many days')),
                ('most_dug_a_day', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MaxValueValidator(10000)], verbose_name='at most so many a day')),
                ('accepted_within_days', models.PositiveSmallIntegerField(default=90, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='counts as a yield when accepted within days')),
            ],
            options={
                'verbose_name': 'holding queue',
                'verbose_name_plural': 'holding queues',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_holding_queue'), models.CheckConstraint(condition=models.Q(('dig_every_days__gt', 0), ('dig_for_days__gte', models.F('dig_every_days'))), name='digging_has_a_horizon')],
            },
        ),
        migrations.CreateModel(
            name='LearnedFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='learned_facts', to='crm.lead')),
                ('fact', models.CharField(choices=[('situation', 'Current situation'), ('problem', 'Problem'), ('size', 'Deal size'), ('timing', 'Timing'), ('budget', 'Budget'), ('decision_maker', 'Decision maker'), ('competitors', 'Competitors')], max_length=14, verbose_name='fact')),
                ('state', models.CharField(choices=[('open', 'open'), ('known', 'known'), ('asked', 'asked, not known'), ('before', 'known in the pass before')], max_length=6, verbose_name='state')),
                ('words', models.CharField(blank=True, max_length=500, verbose_name='words')),
                ('learned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('learned_at', models.DateTimeField()),
                ('call', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='learned_facts', to='engage.call', verbose_name='call')),
                ('carried_from', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.lead')),
            ],
            options={
                'verbose_name': 'fact of a lead',
                'verbose_name_plural': 'facts of leads',
                'indexes': [models.Index(fields=['lead', 'fact', '-id'], name='fact_of_lead')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['known', 'before']), _negated=True), models.Q(('words', ''), _negated=True), _connector='OR'), name='known_fact_has_words'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'open'), _negated=True), ('words', ''), _connector='OR'), name='open_fact_has_no_words'), models.CheckConstraint(condition=models.Q(models.Q(('carried_from__isnull', False), ('state', 'before')), models.Q(models.Q(('state', 'before'), _negated=True), ('carried_from__isnull', True)), _connector='OR'), name='carried_is_before')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='lease', to='crm.lead')),
                ('holder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('until_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Objection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(max_length=300, verbose_name='what they say')),
                ('language', models.CharField(choices=[('en', 'English'), ('ko', '한국어'), ('ja', '日本語')], max_length=5, verbose_name='language')),
                ('wall', models.CharField(choices=[('distrust', 'distrust'), ('no_need', 'no need'), ('unfit', 'unfit'), ('no_hurry', 'no hurry')], max_length=8, verbose_name='wall')),
                ('stage', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.stage', verbose_name='stage')),
                ('acknowledge', models.TextField(blank=True, verbose_name='acknowledge')),
                ('question', models.TextField(blank=True, verbose_name='ask')),
                ('evidence', models.TextField(blank=True, verbose_name='show')),
                ('next_step', models.TextField(blank=True, verbose_name='next step')),
                ('review_on', models.DateField(blank=True, null=True, verbose_name='to be reviewed')),
                ('folded', models.TextField(editable=False)),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('written_at', models.DateTimeField(verbose_name='written')),
                ('archived_at', models.DateTimeField(null=True, verbose_name='archived')),
            ],
            options={
                'verbose_name': 'objection',
                'verbose_name_plural': 'objections',
                'ordering': ['wall', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('archived_at__isnull', True)), fields=('language', 'words'), name='objection_once_in_a_language')],
            },
        ),
        migrations.CreateModel(
            name='ObjectionUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('objection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='inside_sales.objection')),
                ('call', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='engage.call')),
                ('used_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('used_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('objection', 'call'), name='objection_used_once_in_a_call')],
            },
        ),
        migrations.CreateModel(
            name='Pace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='pace', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('minutes_per_lead', models.PositiveSmallIntegerField(null=True, verbose_name='minutes for each lead')),
                ('calendar', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.calendar', verbose_name='calendar')),
            ],
            options={
                'verbose_name': 'pace of a person',
                'verbose_name_plural': 'paces of people',
                'constraints': [models.CheckConstraint(condition=models.Q(('minutes_per_lead__isnull', True), ('minutes_per_lead__gte', 1), _connector='OR'), name='pace_makes_sense')],
            },
        ),
        migrations.CreateModel(
            name='RoutingPool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.team', verbose_name='queue of the team')),
                ('method', models.CharField(choices=[('round_robin', 'in turn'), ('weighted', 'in turn, by weight'), ('least_loaded', 'to whoever has the fewest open leads'), ('skill', 'to whoever knows most about the lead')], default='round_robin', max_length=12, verbose_name='how leads go round')),
                ('off_hours', models.CharField(choices=[('wait', 'the lead waits until the first of them is at work'), ('give', 'the lead is given out all the same')], default='wait', max_length=4, verbose_name='outside business hours')),
            ],
            options={
                'verbose_name': 'pool',
                'verbose_name_plural': 'pools',
            },
        ),
        migrations.CreateModel(
            name='PoolMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='inside_sales.routingpool')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('weight', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='weight')),
                ('current', models.IntegerField(default=0)),
                ('n_open_cap', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10000)], verbose_name='open leads at most')),
                ('n_day_cap', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10000)], verbose_name='leads a day at most')),
                ('languages', models.JSONField(blank=True, default=list, verbose_name='languages')),
                ('skills', models.JSONField(blank=True, default=list, verbose_name='knows about')),
                ('calendar', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.calendar', verbose_name='calendar')),
            ],
            options={
                'verbose_name': 'member of a pool',
                'verbose_name_plural': 'members of pools',
                'constraints': [models.UniqueConstraint(fields=('pool', 'user'), name='in_a_pool_once'), models.CheckConstraint(condition=models.Q(('weight__gte', 1)), name='pool_member_has_a_weight')],
            },
        ),
        migrations.CreateModel(
            name='RoutingVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='version')),
                ('blocked', models.CharField(blank=True, max_length=4000, verbose_name='given to nobody')),
                ('catch_all', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.team', verbose_name='what no rule meets')),
                ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('drafted_at', models.DateTimeField()),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'version of the rules',
                'verbose_name_plural': 'versions of the rules',
                'constraints': [models.UniqueConstraint(condition=models.Q(('published_at__isnull', True)), fields=('published_at',), name='one_draft_of_the_rules', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='inside_sales.routingversion')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('condition', models.CharField(blank=True, max_length=4000, verbose_name='condition')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inside_sales.routingpool', verbose_name='pool')),
            ],
            options={
                'verbose_name': 'rule',
                'verbose_name_plural': 'rules',
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('version', 'position'), name='rule_in_its_place')],
            },
        ),
        migrations.CreateModel(
            name='RoutingDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='routing', to='crm.lead', verbose_name='lead')),
                ('at', models.DateTimeField()),
                ('cause', models.CharField(choices=[('arrival', 'it became ready'), ('sweep', 'it was found without an owner'), ('opening', 'somebody came to work'), ('breach', 'its time was over'), ('hand', 'somebody asked for it')], max_length=8, verbose_name='because')),
                ('step', models.CharField(choices=[('blocked', 'given to nobody'), ('open_deal', 'the company has an open deal'), ('customer', 'the company is a customer'), ('named_account', 'the account is worked by name'), ('same_company', 'the company is being worked'), ('rule', 'by a rule'), ('catch_all', 'no rule found anybody')], max_length=13, verbose_name='step')),
                ('version', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inside_sales.routingversion', verbose_name='version')),
                ('rule', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inside_sales.routingrule', verbose_name='rule')),
                ('pool', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inside_sales.routingpool', verbose_name='pool')),
                ('because_of', models.BigIntegerField(null=True)),
                ('owner', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.team', verbose_name='team')),
                ('opens_at', models.DateTimeField(null=True)),
                ('candidates', models.JSONField(default=list)),
                ('breach_of', models.BigIntegerField(null=True, unique=True)),
                ('asked_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'routing decision',
                'verbose_name_plural': 'routing decisions',
                'indexes': [models.Index(fields=['lead', '-at', '-id'], name='routing_of_lead'), models.Index(condition=models.Q(('owner__isnull', False)), fields=['owner', 'at'], name='routing_to_owner'), models.Index(fields=['-at', '-id'], name='routing_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('opens_at__isnull', True), ('owner__isnull', True), _connector='OR'), name='routing_waits_or_gives')],
            },
        ),
        migrations.CreateModel(
            name='RoutingWait',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='routing_wait', to='crm.lead')),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inside_sales.routingpool')),
                ('opens_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'waiting lead',
                'verbose_name_plural': 'waiting leads',
                'indexes': [models.Index(fields=['opens_at'], name='routing_wait_opens')],
            },
        ),
        migrations.CreateModel(
            name='Script',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_type', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scripts', to='engage.calltype', verbose_name='call type')),
                ('language', models.CharField(choices=[('en', 'English'), ('ko', '한국어'), ('ja', '日本語')], max_length=5, verbose_name='language')),
                ('opening', models.TextField(verbose_name='opening')),
                ('closing', models.TextField(blank=True, verbose_name='closing question')),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('written_at', models.DateTimeField(verbose_name='written')),
            ],
            options={
                'verbose_name': 'script',
                'verbose_name_plural': 'scripts',
                'ordering': ['call_type__position', 'language'],
                'constraints': [models.UniqueConstraint(fields=('call_type', 'language'), name='one_script_per_type_and_language')],
            },
        ),
        migrations.CreateModel(
            name='Skip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='skips', to='crm.lead')),
                ('skipped_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('skipped_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['skipped_by', '-skipped_at'], name='skip_of_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='skip_has_a_reason')],
            },
        ),
    ]
