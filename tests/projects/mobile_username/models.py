from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q


class Member(AbstractBaseUser, PermissionsMixin):
    mobile = models.CharField(max_length=11, unique=True)
    phone = models.CharField(max_length=20, unique=True)
    city = models.CharField(max_length=20, default="Wuhan")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    objects: BaseUserManager["Member"] = BaseUserManager()

    USERNAME_FIELD = "mobile"

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(city="Atlantis"), name="members_city_exists")]
