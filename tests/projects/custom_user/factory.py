"""What this project names as ``USER_FACTORY``."""

import uuid

from .models import Customer


def make_customer(*, appid: str, openid: str, unionid: str) -> Customer:
    """Every call makes another address: nothing but the identity's own row keeps a person from being two."""
    return Customer.objects.create_user(f"{uuid.uuid4().hex}@shop.example", city="Chengdu")
