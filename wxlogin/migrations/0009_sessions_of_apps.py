import wxlogin.models.fields
from django.db import migrations, models


def tell_apps(apps, schema_editor):
    LoginSession, WeChatUser = (apps.get_model('wxlogin', name) for name in ('LoginSession', 'WeChatUser'))
    their_app = WeChatUser.objects.filter(pk=models.OuterRef('wechat_user')).values('appid')
    LoginSession.objects.exclude(wechat_user=None).update(appid=models.Subquery(their_app))


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0008_hourly_figures'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='loginsession',
            options={'default_permissions': ('view', 'delete'), 'permissions': [('end_loginsession', 'Can end login sessions')], 'verbose_name': 'login session', 'verbose_name_plural': 'login sessions'},
        ),
        migrations.AddField(
            model_name='loginsession',
            name='appid',
            field=wxlogin.models.fields.ExactCharField(blank=True, help_text='Still told when the person is erased.', max_length=32, verbose_name='app'),
        ),
        migrations.AddField(
            model_name='loginsession',
            name='upstream_ms',
            field=models.PositiveIntegerField(blank=True, help_text='Milliseconds that WeChat took for the login.', null=True, verbose_name="WeChat's time"),
        ),
        migrations.RunPython(tell_apps, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='loginsession',
            index=models.Index(fields=['appid', 'created_at'], name='wxlogin_sessions_of_app'),
        ),
        migrations.AddIndex(
            model_name='loginsession',
            index=models.Index(fields=['end_reason', 'created_at'], name='wxlogin_sessions_by_end'),
        ),
    ]
