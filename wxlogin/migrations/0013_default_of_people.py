from django.db import migrations, models


class Migration(migrations.Migration):
    """Processes of the version before insert rows without the columns that they don't know."""

    dependencies = [
        ('wxlogin', '0012_client_versions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='wechatuser',
            name='is_split_off',
            field=models.BooleanField(db_default=False, default=False, help_text='Staff said that this is a person of its own.', verbose_name='split off'),
        ),
    ]
