import wxlogin.models.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0007_staff_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='HourlyFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField(verbose_name='hour')),
                ('kind', models.CharField(choices=[('logins', 'logins'), ('new_people', 'new people'), ('failures', 'failures'), ('latency', 'upstream latency'), ('live_sessions', 'live sessions'), ('settled', 'settled')], max_length=16, verbose_name='kind')),
                ('appid', wxlogin.models.fields.ExactCharField(blank=True, max_length=32, verbose_name='app')),
                ('label', models.CharField(blank=True, max_length=48, verbose_name='label')),
                ('count', models.PositiveBigIntegerField(verbose_name='count')),
            ],
            options={
                'verbose_name': 'hourly figure',
                'verbose_name_plural': 'hourly figures',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Overview',
            fields=[
            ],
            options={
                'verbose_name': 'overview',
                'verbose_name_plural': 'overview',
                'proxy': True,
                'default_permissions': ('view',),
                'indexes': [],
                'constraints': [],
            },
            bases=('wxlogin.wechatuser',),
        ),
        migrations.AddConstraint(
            model_name='hourlyfigure',
            constraint=models.UniqueConstraint(fields=('kind', 'hour', 'appid', 'label'), name='wxlogin_one_figure_an_hour'),
        ),
    ]
