import django.db.models.deletion
from django.db import migrations, models


def forget_sessions_of_nobody(apps, schema_editor):
    apps.get_model('wxlogin', 'LoginSession').objects.filter(wechat_user=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0005_received_pushes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='loginsession',
            name='wechat_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='login_sessions', to='wxlogin.wechatuser', verbose_name='WeChat user'),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_sessions_of_nobody),
    ]
