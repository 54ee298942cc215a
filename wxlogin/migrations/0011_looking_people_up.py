import wxlogin.models.fields
from django.conf import settings
from django.db import migrations, models


PREFIX_INDEX = 'wxlogin_people_by_prefix'


def add_prefix_index(apps, schema_editor):
    """What a prefix of an openid is found by. The other databases have the unique index for that."""
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'CREATE INDEX {PREFIX_INDEX} ON wxlogin_wechatuser (openid varchar_pattern_ops)')


def drop_prefix_index(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'DROP INDEX {PREFIX_INDEX}')


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0010_failures_of_people'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='sessionkey',
            options={'default_permissions': ('view', 'delete'), 'verbose_name': 'session key', 'verbose_name_plural': 'session keys'},
        ),
        migrations.AlterModelOptions(
            name='wechatuser',
            options={'default_permissions': ('view', 'delete'), 'permissions': [('block_wechatuser', 'Can block and unblock WeChat users'), ('check_sessionkey_wechatuser', 'Can ask WeChat whether a session key holds'), ('reset_sessionkey_wechatuser', 'Can reset session keys'), ('merge_wechatuser', 'Can merge accounts and split them'), ('erase_wechatuser', 'Can erase people'), ('reveal_wechatuser', 'Can reveal masked fields of people'), ('export_wechatuser', 'Can export people')], 'verbose_name': 'WeChat user', 'verbose_name_plural': 'WeChat users'},
        ),
        # The new one first: MySQL commits each step, and logins go on meanwhile.
        migrations.AddConstraint(
            model_name='wechatuser',
            constraint=models.UniqueConstraint(fields=('openid', 'appid'), name='wxlogin_one_openid_per_app'),
        ),
        migrations.RemoveConstraint(
            model_name='wechatuser',
            name='wxlogin_one_row_per_identity',
        ),
        migrations.AddField(
            model_name='wechatuser',
            name='is_split_off',
            field=models.BooleanField(default=False, help_text='Staff said that this is a person of its own.', verbose_name='split off'),
        ),
        migrations.AlterField(
            model_name='wechatuser',
            name='blocked_at',
            field=models.DateTimeField(blank=True, db_index=True, null=True, verbose_name='blocked at'),
        ),
        migrations.AlterField(
            model_name='wechatuser',
            name='unionid',
            field=wxlogin.models.fields.ExactCharField(blank=True, max_length=64, verbose_name='unionid'),
        ),
        migrations.AddIndex(
            model_name='wechatuser',
            index=models.Index(fields=['unionid', 'user'], name='wxlogin_people_by_unionid'),
        ),
        migrations.RunPython(add_prefix_index, drop_prefix_index),
    ]
