from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0003_block_permission'),
    ]

    operations = [
        migrations.CreateModel(
            name='CarriedBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
                ('blocked_at', models.DateTimeField(verbose_name='blocked at')),
                ('blocked_until', models.DateTimeField(null=True, verbose_name='blocked until')),
                ('sealed_reason', models.BinaryField()),
                ('reason_public', models.BooleanField(default=False)),
                ('forgotten_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'block of an erased person',
                'verbose_name_plural': 'blocks of erased people',
            },
        ),
    ]
