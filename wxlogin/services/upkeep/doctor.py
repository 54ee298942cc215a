"""The doctor: it examines everything that wxlogin needs, and says what to do about each problem."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from django.core.checks import ERROR, run_checks
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin.caller import Proxies
from wxlogin.conf import App, conf
from wxlogin.gateway import get_client, open_breaker
from wxlogin.models import SessionKey
from wxlogin.secret import Secret
from wxlogin.services import host
from wxlogin.services.meanings import BREAKER_OPEN, LOOK_IT_UP, Examination, Finding, Result, Text, explain
from wxlogin.shared_cache import is_shared
from wxlogin.vault import CannotOpen
from wxlogin.wechat.errors import BadResponse, InvalidCode, WeChatError

from .reencryption import carried_blocks

MADE_UP_CODE = "wxlogin-doctor-made-this-up"
# The number of oldest session keys that are tried, and of newest ones.
SAMPLE = 100


def examine(proxies: Proxies | None = None) -> Iterator[Finding]:
    """Examine everything that wxlogin needs. If one examination fails, the others still run.

    ``proxies`` are those of the request that asks, None in a command. Each app costs two calls to WeChat, of at most
    ``UPSTREAM_DEADLINE`` each. No code is spent.
    """
    for app in conf.APPS.values():
        subject = app.appid if app.name == app.appid else f"{app.name} ({app.appid})"
        for examination in (_examine_login, _examine_access_token, _examine_pushes):
            yield from _findings(subject, partial(examination, app), RUN_CHECK)
    for examined in host.examinations(proxies):
        yield from _findings(*examined)
    yield from _findings(
        _("Encryption keys"), _examine_encryption_keys, _("Put right what is said of the database first.")
    )
    yield from examine_breaker()
    yield from _findings(_("Configuration"), _examine_configuration, RUN_CHECK)


def examine_breaker() -> Iterator[Finding]:
    """Say whether a breaker is open. This asks the cache only."""
    yield from _findings(_("Calls to WeChat"), _examine_breaker, RUN_CHECK)


def _findings(subject: Text, examination: Examination, hint: Text) -> Iterator[Finding]:
    """Yield the findings of one examination. ``hint`` says what to do if the examination itself fails."""
    try:
        for result in examination():
            yield Finding(subject, *result)
    except Exception as exc:  # noqa: BLE001  each backend has errors of its own, and their texts may hold passwords
        yield Finding(
            subject, False, format_lazy(_("Doesn't work: {problem}."), problem=type(exc).__name__), hint
        )


def _examine_login(app: App) -> Iterator[Result]:
    """Log in with a made-up code. WeChat checks AppID, secret and our IP address before it checks the code."""
    try:
        get_client(app.appid).code2session(Secret(MADE_UP_CODE))
    except InvalidCode:
        yield True, _("WeChat accepts AppID and AppSecret: people can log in.")
    except WeChatError as error:
        yield False, format_lazy(_("Logins fail: {problem}."), problem=str(error)), _hint(error)
    else:
        yield False, _("A code that WeChat never gave was accepted."), NOT_WECHAT


def _examine_access_token(app: App) -> Iterator[Result]:
    try:
        get_client(app.appid).stable_token()
    except WeChatError as error:
        text = _("Phone numbers and what is asked about session keys fail, logins don't need it: {problem}.")
        yield False, format_lazy(text, problem=str(error)), _hint(error)
    else:
        yield True, _("WeChat gives an access_token.")


def _examine_pushes(app: App) -> Iterator[Result]:
    if not app.push_token:
        yield True, _("No PUSH_TOKEN: what WeChat pushes, such as a consent taken back, is not received.")
    elif not app.push_aes_key:
        yield True, _("Pushes are received in plain mode: anybody who saw one can send others."), SECURE_MODE
    else:
        yield True, _("Pushes are received in secure mode.")


def _examine_encryption_keys() -> Iterator[Result]:
    if conf.derives_keys():
        yield True, _("They are derived from SECRET_KEY and SECRET_KEY_FALLBACKS.")
    else:
        yield True, _("ENCRYPTION_KEYS lists them.")
    sample = _sample_session_keys()
    unopened = sum(not _opens(key) for key in sample)
    if unopened:
        text = _("Of {count} session keys looked at, {unopened} don't open.")
        yield False, format_lazy(text, count=len(sample), unopened=unopened), LIST_OLD_KEY
    else:
        yield True, format_lazy(_("Session keys looked at: {count}. All open."), count=len(sample))
    if lost := carried_blocks().unopened:
        text = _(
            "Blocks of erased people whose encryption key is missing: {count}. These people can log in again."
        )
        yield False, format_lazy(text, count=lost), LIST_KEY_OF_BLOCKS


def _sample_session_keys() -> list[SessionKey]:
    """Return the oldest and the newest keys that are held."""
    return [key for key in SessionKey.objects.oldest_and_newest(SAMPLE) if key.is_held]


def _opens(key: SessionKey) -> bool:
    try:
        key.unseal()
    except CannotOpen:
        return False
    return True


def _examine_breaker() -> Iterator[Result]:
    if breaker := open_breaker():
        text = str(BREAKER_OPEN.text).format(
            state=BREAKER_STATES.get(breaker.state, breaker.state),
            since=f"{datetime.fromtimestamp(breaker.since, UTC):%Y-%m-%d %H:%M:%S} UTC",
            failures=breaker.failures,
            path=breaker.path,
        )
        yield False, text, BREAKER_OPEN.remedy
    elif is_shared():
        yield True, _("No process reports an open breaker.")
    else:
        yield True, _("This process has no open breaker. Without a shared cache, others can't report theirs.")


def _examine_configuration() -> Iterator[Result]:
    """Run our part of ``manage.py check --deploy``. A warning is no failure, as it is there."""
    messages = [
        each for each in run_checks(include_deployment_checks=True) if str(each.id).startswith("wxlogin.")
    ]
    messages_left = [each for each in messages if not each.is_silenced()]
    for message in messages_left:
        yield message.level < ERROR, f"{message.id}: {message.msg}", message.hint or ""
    if not messages_left:
        yield True, _("Nothing to remark.")


def _hint(error: WeChatError) -> Text:
    if error.errcode is not None:
        return explain(error.code, error.errcode).remedy or LOOK_IT_UP
    return NOT_WECHAT if isinstance(error, BadResponse) else NETWORK


BREAKER_STATES = {"open": pgettext_lazy("breaker", "open"), "probing": pgettext_lazy("breaker", "probing")}
RUN_CHECK = _("Run manage.py check --deploy: it may say more.")
NOT_WECHAT = _("Something else than WeChat answers: check API_BASE, and for a proxy in between.")
NETWORK = _("Check API_BASE and CA_BUNDLE, and that this machine reaches WeChat within UPSTREAM_DEADLINE.")
SECURE_MODE = _("Choose the secure mode in the WeChat console, and set PUSH_AES_KEY.")
LIST_KEY_OF_BLOCKS = _(
    "List the key that sealed them in ENCRYPTION_KEYS again, or its SECRET_KEY in SECRET_KEY_FALLBACKS. Without it, "
    "block these people again when they log in: the staff log says who was blocked and erased."
)
LIST_OLD_KEY = _(
    "List the key that sealed them in ENCRYPTION_KEYS again, or its SECRET_KEY in SECRET_KEY_FALLBACKS. "
    "Or let people log in again, which brings new ones."
)
