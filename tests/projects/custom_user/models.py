"""A user model very unlike Django's own: an e-mail address as the name, a UUID as the key, no ``is_active`` column."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class CustomerManager(BaseUserManager["Customer"]):
    """The manager hides closed accounts, which stay in the table."""

    def get_queryset(self) -> models.QuerySet["Customer"]:
        return super().get_queryset().filter(closed_at=None)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Customer":
        customer = self.model(email=self.normalize_email(email), **fields)
        customer.set_password(password)
        customer.save()
        return customer

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Customer":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Customer(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=64)
    is_staff = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"

    @property
    def is_active(self) -> bool:
        return self.closed_at is None


class Regular(Customer):
    """A proxy model: the same rows."""

    class Meta:
        proxy = True
