from django.contrib.auth.models import AbstractUser
from simple_history.models import HistoricalRecords


class Guest(AbstractUser):
    history = HistoricalRecords()
