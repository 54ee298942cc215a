"""The ``USER_FACTORY`` of this project."""

import uuid

from .models import Customer


def make_customer(*, appid: str, openid: str, unionid: str) -> Customer:
    """Make a customer with another e-mail address at each call, so that only the identity's row prevents a second customer."""
    return Customer.objects.create_user(f"{uuid.uuid4().hex}@shop.example", city="Chengdu")
