"""Joining new identities to a Django user who is known by the same unionid."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser

from wxlogin import signals
from wxlogin.conf import conf
from wxlogin.log import log
from wxlogin.models import UnionidOwner, WeChatUser
from wxlogin.models.users import is_staff
from wxlogin.transactions import after_commit
from wxlogin.wechat.results import Code2Session

from .factory import make_user

MAX_RELATED = 50


def find_or_make_user(appid: str, identity: Code2Session) -> tuple[AbstractBaseUser, bool]:
    """Return the Django user that a new identity belongs to, and True if that user was just made.

    Needs a transaction. A known user is found only by a unionid of the same declared open-platform group, and is
    never a staff account: otherwise whoever controls a mini-program could log in as its operator.
    """
    group, appids = conf.group_of(appid)
    if not group or not identity.unionid:
        return make_user(appid, identity), True
    # Parallel first logins race for the unique row. The loser starts anew and finds the winner's user.
    owner = UnionidOwner.objects.lock(group, identity.unionid)
    known = _joinable_user(appids, identity.unionid, preferred=owner.user_id if owner else None)
    user = known or make_user(appid, identity)
    UnionidOwner.objects.set_owner(owner, group, identity.unionid, user)
    return user, known is None


def handle_new_unionid(wechat_user: WeChatUser) -> None:
    """Let later identities of the group join the user of ``wechat_user``, whose unionid was just stored.

    Needs the transaction that stored it. If another Django user has the unionid already, nothing is merged, and
    ``unionid_conflict`` is sent after the commit.
    """
    group, appids = conf.group_of(wechat_user.appid)
    if not group:
        return
    UnionidOwner.objects.insert_if_missing(group, wechat_user.unionid, wechat_user.user)
    others = WeChatUser.objects.with_unionid(appids, wechat_user.unionid)
    conflicting = [other for other in others if other.user_id != wechat_user.user_id]
    if conflicting:
        after_commit(lambda: _report_conflict(wechat_user, conflicting))


def related_identities(wechat_user: WeChatUser) -> list[WeChatUser]:
    """Return the other identities of the person's user, and those with the same unionid in the same group.

    At most ``MAX_RELATED`` of them, the oldest first.
    """
    _group, appids = conf.group_of(wechat_user.appid)
    return list(WeChatUser.objects.related_to(wechat_user, appids)[:MAX_RELATED])


def _report_conflict(wechat_user: WeChatUser, others: list[WeChatUser]) -> None:
    log("unionid conflict", appid=wechat_user.appid, user=wechat_user.user_id)
    signals.unionid_conflict.send(sender=WeChatUser, wechat_user=wechat_user, others=others)


def _joinable_user(appids: Iterable[str], unionid: str, *, preferred: object) -> AbstractBaseUser | None:
    """Return a Django user who has the unionid and isn't staff: the preferred one, else the oldest identity's."""
    people = WeChatUser.objects.with_unionid(appids, unionid)
    users = [each.user for each in people if not is_staff(each.user)]
    return next((user for user in users if user.pk == preferred), users[0] if users else None)
