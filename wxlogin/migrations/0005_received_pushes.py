from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wxlogin', '0004_carried_blocks'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceivedPush',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('received_at', models.DateTimeField(db_index=True)),
                ('is_lasting', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'received push',
                'verbose_name_plural': 'received pushes',
            },
        ),
    ]
