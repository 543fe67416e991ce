import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import tasuki.core.people
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Calendar',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('time_zone', models.CharField(max_length=64, validators=[tasuki.core.people.check_time_zone], verbose_name='time zone')),
                ('country', models.CharField(blank=True, max_length=2, verbose_name='public holidays of')),
                ('is_default', models.BooleanField(default=False, verbose_name='calendar of the organisation')),
            ],
            options={
                'verbose_name': 'calendar',
                'verbose_name_plural': 'calendars',
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_calendar')],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('department', models.CharField(choices=[('marketing', 'Marketing'), ('inside_sales', 'Inside sales'), ('sales', 'Sales'), ('success', 'Customer success'), ('office', 'Office')], max_length=16, verbose_name='department')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='teams', to='core.team', verbose_name='part of')),
                ('calendar', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.calendar', verbose_name='calendar')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'team',
                'verbose_name_plural': 'teams',
                'constraints': [models.UniqueConstraint(fields=('parent', 'name'), name='team_name_once_per_parent', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='team_not_its_own_parent')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(blank=True, max_length=254, null=True, unique=True, verbose_name='e-mail address')),
                ('family_name', models.CharField(max_length=120, verbose_name='family name')),
                ('given_name', models.CharField(blank=True, max_length=120, verbose_name='given name')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='job title')),
                ('language', models.CharField(choices=[('en', 'English'), ('ko', '한국어'), ('ja', '日本語')], default='en', max_length=5, verbose_name='language')),
                ('time_zone', models.CharField(default='UTC', max_length=64, validators=[tasuki.core.people.check_time_zone], verbose_name='time zone')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='core.team', verbose_name='team')),
                ('reference', models.CharField(blank=True, help_text="The person's id in the system their history came from.", max_length=120, verbose_name='reference')),
                ('is_active', models.BooleanField(default=True, verbose_name='may sign in')),
                ('hired_at', models.DateTimeField(verbose_name='joined')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_once'), models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('reference',), name='user_reference_once'), models.CheckConstraint(condition=models.Q(('is_active', False), ('email__isnull', False), _connector='OR'), name='active_user_has_email')],
            },
        ),
        migrations.CreateModel(
            name='SearchChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('noun', models.CharField(max_length=16)),
                ('record_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('n_records', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='BulkRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('of', models.CharField(max_length=32, verbose_name='noun')),
                ('verb', models.CharField(max_length=32, verbose_name='verb')),
                ('said', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done'), ('undoing', 'being undone'), ('undone', 'undone')], default='running', max_length=8, verbose_name='state')),
                ('n_rows', models.PositiveIntegerField(default=0)),
                ('n_done', models.PositiveIntegerField(default=0)),
                ('n_refused', models.PositiveIntegerField(default=0)),
                ('n_undone', models.PositiveIntegerField(default=0)),
                ('started_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'bulk change',
                'verbose_name_plural': 'bulk changes',
            },
        ),
        migrations.CreateModel(
            name='CustomField',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('noun', models.CharField(choices=[('lead', 'lead'), ('opportunity', 'opportunity'), ('account', 'account'), ('contact', 'contact')], max_length=16, verbose_name='noun')),
                ('kind', models.CharField(choices=[('text', 'text'), ('long_text', 'long text'), ('number', 'number'), ('money', 'money'), ('date', 'date'), ('choice', 'choice'), ('choices', 'several choices'), ('person', 'person'), ('account', 'account'), ('checkbox', 'checkbox'), ('url', 'link')], max_length=12, verbose_name='kind')),
                ('label', models.CharField(max_length=60, verbose_name='name')),
                ('label_en', models.CharField(blank=True, max_length=60, verbose_name='name in English')),
                ('label_ko', models.CharField(blank=True, max_length=60, verbose_name='name in Korean')),
                ('label_ja', models.CharField(blank=True, max_length=60, verbose_name='name in Japanese')),
                ('help_text', models.CharField(blank=True, max_length=300, verbose_name='help')),
                ('position', models.PositiveIntegerField(verbose_name='position')),
                ('required_from', models.CharField(blank=True, max_length=12, verbose_name='required from')),
                ('hidden_from', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('administrator', 'Administrator'), ('operations', 'Revenue operations'), ('manager', 'Manager'), ('marketer', 'Marketer'), ('inside_seller', 'Inside seller'), ('field_seller', 'Field seller'), ('success_manager', 'Customer success manager'), ('observer', 'Observer')], max_length=16), blank=True, default=list, size=None, verbose_name='hidden from')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('archived_at', models.DateTimeField(null=True, verbose_name='archived')),
            ],
            options={
                'verbose_name': 'custom field',
                'verbose_name_plural': 'custom fields',
                'constraints': [models.UniqueConstraint(models.F('noun'), django.db.models.functions.text.Lower('label'), condition=models.Q(('archived_at__isnull', True)), name='custom_field_called_so_once')],
            },
        ),
        migrations.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('from_on', models.DateField(verbose_name='from')),
                ('rate', models.DecimalField(decimal_places=8, max_digits=18, verbose_name='rate')),
            ],
            options={
                'verbose_name': 'exchange rate',
                'verbose_name_plural': 'exchange rates',
                'constraints': [models.UniqueConstraint(fields=('currency', 'from_on'), name='one_rate_a_day'), models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='rate_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(max_length=32, verbose_name='noun')),
                ('file_name', models.CharField(max_length=255, verbose_name='file')),
                ('stored_as', models.CharField(blank=True, max_length=255)),
                ('mapping', models.JSONField(verbose_name='mapping')),
                ('on_duplicate', models.CharField(choices=[('skip', 'skip it'), ('update', 'update the record'), ('create', 'create another record')], default='skip', max_length=8, verbose_name='duplicates')),
                ('read_as', models.JSONField(default=dict)),
                ('is_dry', models.BooleanField(default=False, verbose_name='dry run')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('undoing', 'being undone'), ('undone', 'undone')], default='waiting', max_length=10, verbose_name='state')),
                ('state_before', models.CharField(blank=True, max_length=10)),
                ('failure', models.TextField(blank=True, verbose_name='why it failed')),
                ('n_rows', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('n_applied', models.PositiveIntegerField(default=0, verbose_name='rows done')),
                ('n_created', models.PositiveIntegerField(default=0, verbose_name='created')),
                ('n_updated', models.PositiveIntegerField(default=0, verbose_name='updated')),
                ('n_skipped', models.PositiveIntegerField(default=0, verbose_name='skipped')),
                ('n_rejected', models.PositiveIntegerField(default=0, verbose_name='rejected')),
                ('n_warnings', models.PositiveIntegerField(default=0, verbose_name='warnings')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('door', models.CharField(default='import', max_length=8, verbose_name='door')),
                ('created_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='undone')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
            },
        ),
        migrations.CreateModel(
            name='ImportSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('created_at', models.DateTimeField(verbose_name='started')),
                ('left_out', models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ('n_taken_back', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'import set',
                'verbose_name_plural': 'import sets',
            },
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='core.importset')),
                ('noun', models.CharField(max_length=32, verbose_name='noun')),
                ('file_name', models.CharField(max_length=255, verbose_name='file')),
                ('stored_as', models.CharField(max_length=255)),
                ('mapping', models.JSONField(verbose_name='mapping')),
                ('is_decided', models.BooleanField(default=False, verbose_name='decided')),
                ('rehearsal', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.importrun', verbose_name='dry run')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.importrun', verbose_name='import')),
            ],
            options={
                'verbose_name': 'file of an import',
                'verbose_name_plural': 'files of an import',
            },
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('country', models.CharField(default='KR', max_length=2, validators=[django.core.validators.RegexValidator('^[A-Z]{2}$')], verbose_name='country')),
                ('currency', models.CharField(default='KRW', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$')], verbose_name='currency')),
                ('language', models.CharField(choices=[('en', 'English'), ('ko', '한국어'), ('ja', '日本語')], default='en', max_length=5, verbose_name='language')),
                ('time_zone', models.CharField(default='Asia/Seoul', max_length=64, verbose_name='time zone')),
                ('fiscal_year_starts_in', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)], verbose_name='first month of the fiscal year')),
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_organisation')],
            },
        ),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('noun', 'record_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('noun', models.CharField(max_length=16)),
                ('record_id', models.BigIntegerField()),
                ('belongs_to', models.BigIntegerField(null=True)),
                ('words', models.TextField()),
                ('hidden', models.TextField(blank=True)),
                ('keys', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['keys'], name='search_by_key'), models.Index(condition=models.Q(('belongs_to__isnull', False)), fields=['noun', 'belongs_to'], name='search_by_whose')],
            },
        ),
        migrations.CreateModel(
            name='SetUpStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=16, unique=True, verbose_name='step')),
                ('state', models.CharField(choices=[('done', 'done'), ('skipped', 'skipped')], max_length=8, verbose_name='state')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'step of the set-up',
                'verbose_name_plural': 'steps of the set-up',
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('of', models.CharField(max_length=40, verbose_name='list')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('reach', models.CharField(choices=[('mine', 'only me'), ('team', 'my team'), ('all', 'everybody')], default='mine', max_length=4, verbose_name='for whom')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='core.team', verbose_name='team')),
                ('filter', models.TextField(blank=True, verbose_name='filter')),
                ('sort', models.CharField(max_length=80, verbose_name='order')),
                ('columns', models.JSONField(default=list, verbose_name='columns')),
                ('rendering', models.CharField(blank=True, db_default='', default='', max_length=8, verbose_name='shown as')),
                ('grouping', models.CharField(blank=True, db_default='', default='', max_length=80, verbose_name='grouped by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('updated_at', models.DateTimeField(verbose_name='changed')),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'indexes': [models.Index(fields=['of', 'owner'], name='saved_view_of_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('reach', 'team'), _negated=True), ('team__isnull', False), _connector='OR'), name='shared_with_a_team')],
            },
        ),
        migrations.CreateModel(
            name='Tour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lead_id', models.BigIntegerField(default=0)),
                ('stop', models.CharField(blank=True, max_length=16)),
                ('state', models.CharField(choices=[('under_way', 'Under Way'), ('left', 'Left'), ('finished', 'Finished')], max_length=9)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('last_on', models.DateField(verbose_name='last day')),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='deputy')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'absence',
                'verbose_name_plural': 'absences',
                'constraints': [models.CheckConstraint(condition=models.Q(('last_on__gte', models.F('first_on'))), name='absence_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('deputy', models.F('user')), _negated=True), name='absence_deputy_is_somebody_else')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('door', models.CharField(choices=[('web', 'web'), ('api', 'API'), ('import', 'import'), ('job', 'job'), ('command', 'command line')], max_length=8, verbose_name='door')),
                ('noun', models.CharField(max_length=32, verbose_name='noun')),
                ('record_id', models.BigIntegerField()),
                ('action', models.CharField(max_length=32, verbose_name='action')),
                ('changes', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
                'indexes': [models.Index(fields=['noun', 'record_id', '-at'], name='audit_of_record'), models.Index(fields=['-at', '-id'], name='audit_latest')],
            },
        ),
        migrations.CreateModel(
            name='BulkRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='core.bulkrun')),
                ('record_id', models.BigIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('refused', 'refused'), ('undone', 'undone'), ('kept', 'kept as it is')], default='waiting', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('before', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(fields=['run', 'state', 'id'], name='bulk_row_of_run')],
                'constraints': [models.UniqueConstraint(fields=('run', 'record_id'), name='bulk_row_once')],
            },
        ),
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='own_days', to='core.calendar')),
                ('falls_on', models.DateField(verbose_name='day')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('hours', models.CharField(blank=True, max_length=120, verbose_name='hours')),
            ],
            options={
                'verbose_name': "day of one's own",
                'verbose_name_plural': "days of one's own",
                'constraints': [models.UniqueConstraint(fields=('calendar', 'falls_on'), name='own_day_once')],
            },
        ),
        migrations.CreateModel(
            name='CalendarShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='core.calendar')),
                ('weekday', models.PositiveSmallIntegerField()),
                ('from_minute', models.PositiveSmallIntegerField()),
                ('until_minute', models.PositiveSmallIntegerField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('weekday__lte', 6)), name='shift_on_a_weekday'), models.CheckConstraint(condition=models.Q(('from_minute__lt', models.F('until_minute')), ('until_minute__lte', 1440)), name='shift_within_a_day'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(models.F('calendar'), models.F('calendar'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('weekday'), models.F('weekday'), models.Value('[]'), function='int4range', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&'), (models.Func(models.F('from_minute'), models.F('until_minute'), function='int4range', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&')], name='shifts_do_not_overlap')],
            },
        ),
        migrations.CreateModel(
            name='CustomChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='choice_set', to='core.customfield')),
                ('label', models.CharField(max_length=80, verbose_name='name')),
                ('position', models.PositiveIntegerField(verbose_name='position')),
                ('retired_at', models.DateTimeField(null=True, verbose_name='retired')),
            ],
            options={
                'verbose_name': 'choice',
                'verbose_name_plural': 'choices',
                'constraints': [models.UniqueConstraint(models.F('field'), django.db.models.functions.text.Lower('label'), name='choice_called_so_once')],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='core.importrun')),
                ('row_no', models.PositiveIntegerField(verbose_name='row')),
                ('state', models.CharField(choices=[('rejected', 'rejected'), ('created', 'created'), ('updated', 'updated'), ('skipped', 'skipped')], max_length=8, verbose_name='state')),
                ('target_id', models.BigIntegerField(null=True)),
                ('trace', models.JSONField(null=True)),
                ('values', models.JSONField(null=True)),
                ('messages', models.JSONField(null=True)),
            ],
            options={
                'verbose_name': 'import row',
                'verbose_name_plural': 'import rows',
                'indexes': [models.Index(condition=models.Q(('messages__isnull', False)), fields=['run', 'row_no'], name='import_rows_with_messages')],
                'constraints': [models.UniqueConstraint(fields=('run', 'row_no'), name='import_row_once')],
            },
        ),
        migrations.CreateModel(
            name='RecentRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('noun', models.CharField(max_length=16)),
                ('record_id', models.BigIntegerField()),
                ('opened_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-opened_at'], name='recent_record_of_person')],
                'constraints': [models.UniqueConstraint(fields=('person', 'noun', 'record_id'), name='recent_record_once')],
            },
        ),
        migrations.CreateModel(
            name='RoleGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_grants', to=settings.AUTH_USER_MODEL)),
                ('role', models.CharField(choices=[('administrator', 'Administrator'), ('operations', 'Revenue operations'), ('manager', 'Manager'), ('marketer', 'Marketer'), ('inside_seller', 'Inside seller'), ('field_seller', 'Field seller'), ('success_manager', 'Customer success manager'), ('observer', 'Observer')], max_length=16, verbose_name='role')),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='role_granted_once')],
            },
        ),
        migrations.CreateModel(
            name='SavedMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('noun', models.CharField(max_length=32, verbose_name='noun')),
                ('mapping', models.JSONField(verbose_name='mapping')),
                ('saved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='saved by')),
                ('saved_at', models.DateTimeField(verbose_name='saved')),
            ],
            options={
                'verbose_name': 'saved mapping',
                'verbose_name_plural': 'saved mappings',
                'constraints': [models.UniqueConstraint(fields=('noun', 'name'), name='saved_mapping_once')],
            },
        ),
    ]
