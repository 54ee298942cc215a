from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0011_looking_people_up'),
    ]

    operations = [
        migrations.AddField(
            model_name='loginfailure',
            name='client',
            field=models.CharField(blank=True, db_default='', default='', help_text="Of wxlogin's client in the mini-program, as it says itself.", max_length=32, verbose_name='client version'),
        ),
        migrations.AddField(
            model_name='loginsession',
            name='client',
            field=models.CharField(blank=True, db_default='', default='', help_text="Of wxlogin's client in the mini-program, as it says itself.", max_length=32, verbose_name='client version'),
        ),
    ]
