"""Finding a person by whatever somebody has of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wxlogin.models import WeChatUser

MOST = 100  # people that one key leads to; who has more has to be more exact
SHORTEST_PREFIX = 4
LONGEST_ID = 64
BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Match:
    """``what``: which key led to these people."""

    what: Promise
    pks: list[int]


def find_people(text: str) -> list[Match]:
    """Whom ``text`` means, key by key: each is looked up whole, by an index, and only where it could be one.

    A whole openid, unionid, phone number, user id or session id; where none of them leads to anybody, the
    beginning of an openid.
    """
    text = text.strip()
    people = WeChatUser.objects.order_by()
    exact = [match for match in (_match(what, rows) for what, rows in _exact_keys(people, text)) if match.pks]
    if exact or not re.fullmatch(f"[!-~]{{{SHORTEST_PREFIX},64}}", text):
        return exact
    by_prefix = _match(_("beginning of an openid"), people.filter(openid__prefix=text))
    return [by_prefix] if by_prefix.pks else []


def pks_in(matches: list[Match]) -> list[int]:
    return sorted({pk for match in matches for pk in match.pks})


def _exact_keys(people: QuerySet[WeChatUser], text: str) -> Iterator[tuple[Promise, QuerySet[WeChatUser]]]:
    if re.fullmatch("[!-~]{1,64}", text):
        yield _("openid"), people.filter(openid=text)
        yield _("unionid"), people.filter(unionid=text)
    with_phone = WeChatUser.objects.with_phone(text)
    if not with_phone.query.is_empty():
        yield _("phone"), with_phone
    if (user_id := _user_id(text)) is not None:
        yield _("user id"), people.filter(user_id=user_id)
    if re.fullmatch("[0-9a-f]{32}", text):
        yield _("session id"), people.filter(login_sessions__public_id=text)


def _match(what: Promise, rows: QuerySet[WeChatUser]) -> Match:
    return Match(what, list(rows.values_list("pk", flat=True)[:MOST]))


def _user_id(text: str) -> Any:
    """``text`` as a primary key of the project's users; None if it can't be one."""
    if not text.isprintable() or len(text) > LONGEST_ID:
        return None
    try:
        pk = get_user_model()._meta.pk.to_python(text)
    except ValidationError:
        return None
    return None if isinstance(pk, int) and not 0 < pk <= BIGGEST_ID else pk
