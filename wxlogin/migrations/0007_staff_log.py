import django.db.models.deletion
import wxlogin.models.fields
from django.db import migrations, models


def forget_other_acts(apps, schema_editor):
    """On the way back: there were only merges and splits, and there is no room for longer words."""
    apps.get_model('wxlogin', 'StaffAct').objects.exclude(action__in=['merge', 'split']).delete()


class Migration(migrations.Migration):
    """What was kept of merges and splits becomes the log of all that staff do."""

    dependencies = [
        ('wxlogin', '0006_sessions_of_erased_people'),
    ]

    operations = [
        migrations.RenameModel('IdentityMove', 'StaffAct'),
        migrations.RenameField('StaffAct', 'kind', 'action'),
        migrations.AlterModelOptions(
            name='staffact',
            options={'default_permissions': ('view',), 'verbose_name': 'staff log entry', 'verbose_name_plural': 'staff log'},
        ),
        migrations.AddField(
            model_name='staffact',
            name='appid',
            field=wxlogin.models.fields.ExactCharField(blank=True, max_length=32, verbose_name='app'),
        ),
        migrations.AddField(
            model_name='staffact',
            name='details',
            field=models.JSONField(blank=True, default=dict, verbose_name='details'),
        ),
        migrations.AddField(
            model_name='staffact',
            name='ip',
            field=models.GenericIPAddressField(blank=True, null=True, verbose_name='IP address'),
        ),
        migrations.AddField(
            model_name='staffact',
            name='person',
            field=models.CharField(blank=True, db_index=True, max_length=12, verbose_name='hash of the person'),
        ),
        migrations.AddField(
            model_name='staffact',
            name='request_id',
            field=models.CharField(blank=True, max_length=64, verbose_name='request id'),
        ),
        migrations.AlterField(
            model_name='staffact',
            name='action',
            field=models.CharField(choices=[('end_sessions', 'ended login sessions'), ('block', 'blocked'), ('unblock', 'unblocked'), ('check_session_key', 'asked WeChat about the session key'), ('reset_session_key', 'reset the session key'), ('merge', 'accounts merged'), ('split', 'identity split off'), ('erase', 'erased'), ('reveal', 'revealed a masked field'), ('export', 'exported people')], max_length=24, verbose_name='what'),
        ),
        migrations.AlterField(
            model_name='staffact',
            name='from_user',
            field=models.CharField(blank=True, max_length=64, verbose_name='from user'),
        ),
        migrations.AlterField(
            model_name='staffact',
            name='reason',
            field=wxlogin.models.fields.ExactCharField(blank=True, max_length=200, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='staffact',
            name='to_user',
            field=models.CharField(blank=True, max_length=64, verbose_name='to user'),
        ),
        migrations.AlterField(
            model_name='staffact',
            name='wechat_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='staff_acts', to='wxlogin.wechatuser', verbose_name='WeChat user'),
        ),
        migrations.AddIndex(
            model_name='staffact',
            index=models.Index(fields=['action', 'created_at'], name='wxlogin_acts_by_action'),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_other_acts),
    ]
