"""Queries with which staff find people: by any key that they have, and by the filters of the list."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Q

from . import phones
from .conflicts import ConflictQuerySet

M = TypeVar("M", bound=models.Model)


class SearchQuerySet(ConflictQuerySet[M]):
    """The part of ``WeChatUserQuerySet`` that finds people for staff."""

    def with_user(self) -> Self:
        return self.select_related("user")

    def with_ids(self, ids: Iterable[int]) -> Self:
        return self.filter(pk__in=list(ids))

    def with_openid(self, openid: str) -> Self:
        return self.filter(openid=openid)

    def with_openid_prefix(self, prefix: str) -> Self:
        return self.filter(openid__prefix=prefix)

    def with_unionid_anywhere(self, unionid: str) -> Self:
        return self.filter(unionid=unionid)

    def with_any_unionid(self) -> Self:
        return self.filter(unionid__gt="")

    def without_unionid(self) -> Self:
        return self.filter(unionid="")

    def with_phone(self, text: str) -> Self:
        """People with exactly this phone, written as people write it, with or without the country code."""
        return self.filter(phone_hash__in=phones.fingerprints_of(text))

    def with_any_phone(self) -> Self:
        return self.filter(phone_hash__gt="")

    def without_phone(self) -> Self:
        return self.filter(phone_hash="")

    def with_session(self, public_id: str) -> Self:
        return self.filter(login_sessions__public_id=public_id)

    def with_user_id(self, user_id: Any) -> Self:
        return self.filter(user_id=user_id)

    def in_app(self, appid: str) -> Self:
        return self.filter(appid=appid)

    def blocked(self, at: datetime) -> Self:
        without_end_or_before_it = Q(blocked_until=None) | Q(blocked_until__gt=at)
        return self.filter(without_end_or_before_it, blocked_at__isnull=False)

    def not_blocked(self, at: datetime) -> Self:
        return self.filter(Q(blocked_at=None) | Q(blocked_until__lte=at))

    def active(self) -> Self:
        """People of active Django users. Needs a user model with a column for that: ``has_active_column``."""
        return self.filter(user__is_active=True)

    def disabled(self) -> Self:
        """People of inactive Django users. Needs a user model with a column for that: ``has_active_column``."""
        return self.by_key(self.filter(user__is_active=False))

    def first_ids(self, most: int) -> list[int]:
        """Return the primary keys of the first ``most`` people, in no order."""
        return list(self.order_by().values_list("pk", flat=True)[:most])

    def in_order(self, ids: Sequence[int]) -> list[M]:
        """Return the people with these keys, in this order. Deleted people are left out."""
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]
