"""Lookup of people by any key that staff have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wxlogin.models import WeChatUser
from wxlogin.models.people import WeChatUserQuerySet

# Each kind of key finds at most this many people. To see others, staff type more of the key.
MAX_MATCHES = 100
MIN_PREFIX_LENGTH = 4
MAX_ID_LENGTH = 64
MAX_USER_ID = 2**63 - 1


@dataclass(frozen=True)
class Match:
    """People found by one kind of key. ``what`` names the kind."""

    what: Promise
    pks: list[int]


def find_people(text: str) -> list[Match]:
    """Find people by a whole openid, unionid, phone number, user id or session id.

    If no whole key finds anybody, ``text`` is taken for the beginning of an openid. Each query uses an index.
    """
    text = text.strip()
    exact = [match for match in (_match(what, rows) for what, rows in _exact_keys(text)) if match.pks]
    if exact or not re.fullmatch(f"[!-~]{{{MIN_PREFIX_LENGTH},64}}", text):
        return exact
    by_prefix = _match(_("beginning of an openid"), WeChatUser.objects.with_openid_prefix(text))
    return [by_prefix] if by_prefix.pks else []


def pks_in(matches: list[Match]) -> list[int]:
    return sorted({pk for match in matches for pk in match.pks})


def _exact_keys(text: str) -> Iterator[tuple[Promise, WeChatUserQuerySet]]:
    people = WeChatUser.objects.all()
    if re.fullmatch("[!-~]{1,64}", text):
        yield _("openid"), people.with_openid(text)
        yield _("unionid"), people.with_unionid_anywhere(text)
    with_phone = people.with_phone(text)
    if not with_phone.query.is_empty():
        yield _("phone"), with_phone
    if (user_id := _user_id(text)) is not None:
        yield _("user id"), people.with_user_id(user_id)
    if re.fullmatch("[0-9a-f]{32}", text):
        yield _("session id"), people.with_session(text)


def _match(what: Promise, people: WeChatUserQuerySet) -> Match:
    return Match(what, people.first_ids(MAX_MATCHES))


def _user_id(text: str) -> Any:
    """Return ``text`` as a primary key of the project's users, None if it can't be one."""
    if not text.isprintable() or len(text) > MAX_ID_LENGTH:
        return None
    try:
        pk = get_user_model()._meta.pk.to_python(text)
    except ValidationError:
        return None
    return None if isinstance(pk, int) and not 0 < pk <= MAX_USER_ID else pk
