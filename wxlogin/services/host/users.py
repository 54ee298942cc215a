"""The project's user model, and the factory that makes its users."""

import secrets
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin import tokens
from wxlogin.conf import conf
from wxlogin.database_errors import facts_of
from wxlogin.exceptions import UserFactoryFailed
from wxlogin.models.users import check_references, count_openids_as_names
from wxlogin.secret import PrivateStr, Secret
from wxlogin.services.accounts.factory import make_user
from wxlogin.services.accounts.misfits import Kind, may_be_filled_by_project, misfits
from wxlogin.services.meanings import Result
from wxlogin.transactions import rolled_back
from wxlogin.wechat.results import Code2Session

IDS = {Kind.WRITTEN: "wxlogin.E038", Kind.REQUIRED: "wxlogin.E039", Kind.SAME: "wxlogin.E040"}
# The doctor counts no more users than this: a project may have millions.
MAX_COUNTED = 1000
# The status of an exception that refuses somebody on purpose.
REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def problems() -> Iterator[CheckMessage]:
    if missing := tokens.missing_user_id_field():
        text = gettext("JWTs name users by their {missing}, and the user model {model} has no such field.")
        yield Error(
            text.format(model=settings.AUTH_USER_MODEL, missing=repr(missing)),
            hint=gettext('Set SIMPLE_JWT["USER_ID_FIELD"] to the name of its primary key.'),
            id="wxlogin.E022",
        )
    # Another check names settings that are no dict.
    if isinstance(getattr(settings, "WXLOGIN", None), Mapping) and conf.has_default_factory():
        yield from _misfits()


def _misfits() -> Iterator[CheckMessage]:
    """Yield the columns that our factory can't fill. Where an own ``save`` may fill them, this only warns."""
    may_be_filled = may_be_filled_by_project()
    for misfit in misfits():
        text = gettext("The default USER_FACTORY can't fill {columns} of {model}: {reason}").format(
            columns=misfit.columns, model=settings.AUTH_USER_MODEL, reason=misfit.text
        )
        if may_be_filled or not misfit.is_certain:
            yield Warning(text, hint=str(TRY_IT), id="wxlogin.W016")
        else:
            yield Error(text, hint=str(NAME_FACTORY), id=IDS[misfit.kind])


def examine() -> Iterator[Result]:
    yield _try_factory()
    count, are_all = count_openids_as_names(MAX_COUNTED)
    if count:
        yield True, format_lazy(COUNTED if are_all else AT_LEAST, count=count), WRITE_IDENTITIES


def _try_factory() -> Result:
    """Run ``USER_FACTORY`` for two made-up people, in a transaction that is rolled back.

    Receivers of the project's own signals run, as in a login: what they do outside of the database stays. What they or
    the factory leave to ``transaction.on_commit`` is never done.
    """
    try:
        with rolled_back():
            users = [_make_up_user() for _number in range(2)]
            check_references(users)
    except UserFactoryFailed as failure:
        return False, format_lazy(NO_USER, problem=failure.problem), NAME_FACTORY
    except IntegrityError as exc:
        return False, format_lazy(NO_USER, problem=facts_of(exc)), NAME_FACTORY
    except DatabaseError:
        # The finding about the database says more.
        raise
    except Exception as exc:  # noqa: BLE001  the factory is the project's
        # Exceptions of Django REST framework have a status.
        if isinstance(exc, PermissionDenied) or getattr(exc, "status_code", None) in REFUSALS:
            return True, format_lazy(REFUSED, problem=type(exc).__name__)
        return False, format_lazy(NO_USER, problem=type(exc).__name__), NAME_FACTORY
    return _judge(users)


def _make_up_user() -> AbstractBaseUser:
    """Make the user of a made-up person in the first app. In an open-platform group, people have unionids."""
    appid = next(iter(conf.APPS))
    group, _appids = conf.group_of(appid)
    made_up = [PrivateStr(f"o{secrets.token_hex(13)}-") for _number in range(2)]
    identity = Code2Session(
        openid=made_up[0], session_key=Secret(""), unionid=made_up[1] if group else PrivateStr("")
    )
    return make_user(appid, identity)


def _judge(users: list[AbstractBaseUser]) -> Result:
    first, second = users
    if first.pk == second.pk:
        return False, _("USER_FACTORY gave one user to two people."), NAME_FACTORY
    if not (first.is_active and second.is_active):
        return False, _("USER_FACTORY makes inactive users: nobody new can log in."), NAME_FACTORY
    return True, _("USER_FACTORY can make users: two were made, and rolled back.")


REFUSED = _("USER_FACTORY refused two made-up people with {problem}, so it could not be tried.")
NO_USER = _("A first login fails: {problem}.")
NAME_FACTORY = _(
    "Let WXLOGIN['USER_FACTORY'] name a function of yours, (appid, openid, unionid) → user, that saves a new, active user "
    "and fills what your user model requires, with other values for each person."
)
TRY_IT = _(
    "The model's own save, a receiver of pre_save, or the constraint's expression may see to it: run manage.py wxlogin_doctor, "
    "which tries. If it fails, set WXLOGIN['USER_FACTORY'] to a function of yours, (appid, openid, unionid) → user."
)
COUNTED = _("{count} users without a WeChatUser have a username that looks like an openid.")
AT_LEAST = _("At least {count} users without a WeChatUser have a username that looks like an openid.")
WRITE_IDENTITIES = _(
    "The next login of such a person would make a second user. Before that, store a WeChatUser for each of them: the user, "
    "the appid, the username as openid, and the times created_at and last_login_at."
)
