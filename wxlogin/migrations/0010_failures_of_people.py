import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0009_sessions_of_apps'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='loginfailure',
            options={'default_permissions': ('view', 'delete'), 'verbose_name': 'login failure', 'verbose_name_plural': 'login failures'},
        ),
        migrations.AddField(
            model_name='loginfailure',
            name='upstream_ms',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="WeChat's time"),
        ),
        migrations.AddField(
            model_name='loginfailure',
            name='wechat_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='failures', to='wxlogin.wechatuser', verbose_name='WeChat user'),
        ),
        migrations.AddIndex(
            model_name='loginfailure',
            index=models.Index(fields=['appid', 'created_at'], name='wxlogin_failures_of_app'),
        ),
        migrations.AddIndex(
            model_name='loginfailure',
            index=models.Index(fields=['code', 'created_at'], name='wxlogin_failures_by_code'),
        ),
        migrations.AddIndex(
            model_name='loginfailure',
            index=models.Index(fields=['ip', 'created_at'], name='wxlogin_failures_from'),
        ),
    ]
