"""All that is kept about a person, for that person."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser

from wxlogin.models import WeChatUser


def everything_about(user: AbstractBaseUser) -> Iterable[WeChatUser]:
    """The Django user's WeChat identities, oldest first, with what belongs to each."""
    people = WeChatUser.objects.filter(user_id=user.pk).order_by("created_at", "pk")
    return people.select_related("session_key").prefetch_related("login_sessions", "failures", "staff_acts")
