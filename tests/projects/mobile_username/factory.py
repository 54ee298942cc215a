"""Factories of this project: one that works, and others as they are written by mistake."""

from typing import Any

from django.utils.crypto import get_random_string

from .models import Member


def make_member(*, appid: str, openid: str, unionid: str) -> Member:
    return _save(phone=get_random_string(20))


def make_member_without_phone(**identity: str) -> Member:
    """Leave ``phone`` at the same value for all people."""
    return _save()


def make_member_from_nowhere(**identity: str) -> Member:
    """Violate a check constraint."""
    return _save(phone=get_random_string(20), city="Atlantis")


def make_member_of_a_missing_group(**identity: str) -> Member:
    """Refer to a row that doesn't exist. PostgreSQL notices at the commit."""
    member = _save(phone=get_random_string(20))
    Member.groups.through.objects.create(member=member, group_id=4711)
    return member


def _save(**fields: Any) -> Member:
    member = Member(mobile=get_random_string(11), **fields)
    member.set_unusable_password()
    member.save()
    return member
