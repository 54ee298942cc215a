import wxlogin.models.fields
from django.db import migrations


class Migration(migrations.Migration):
    """Apart from 0013: a transaction that locked both tables would deadlock with a query that reads both."""

    dependencies = [
        ('wxlogin', '0013_default_of_people'),
    ]

    operations = [
        migrations.AlterField(
            model_name='loginsession',
            name='appid',
            field=wxlogin.models.fields.ExactCharField(blank=True, db_default='', default='', help_text='Still told when the person is erased.', max_length=32, verbose_name='app'),
        ),
    ]
