"""Whether wxlogin works here, part by part, and what to do where it doesn't."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.core.cache import cache
from django.core.checks import ERROR, run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import App, conf
from wxlogin.gateway import get_client
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.services.meanings import HINTS, LOOK_IT_UP, Finding, Text
from wxlogin.shared_cache import is_shared
from wxlogin.vault import CannotOpen
from wxlogin.wechat.errors import BadResponse, InvalidCode, WeChatError

MADE_UP_CODE = "wxlogin-doctor-made-this-up"
SAMPLE = 100  # session keys, of the oldest and of the newest
SECONDS = 10  # that a probe stays in the cache if it can't be deleted


# What a part finds about its subject.
Found = tuple[bool, Text] | tuple[bool, Text, Text]
Part = Callable[[], Iterable[Found]]


def examine() -> Iterator[Finding]:
    """Look at everything that wxlogin leans on. What is dead keeps nothing else from being looked at.

    Asks WeChat twice for each app, within ``UPSTREAM_DEADLINE`` each, and spends no code.
    """
    for app in conf.APPS.values():
        subject = app.appid if app.name == app.appid else f"{app.name} ({app.appid})"
        for part in (_login, _access_token, _pushes):
            yield from _examine(subject, partial(part, app), UNFORESEEN)
    yield from _examine(
        _("Database"), _database, _("Check DATABASES, and that the server is up and lets us in.")
    )
    yield from _examine(_("Cache"), _cache, _("Check CACHES, and that the server is up and lets us in."))
    yield from _examine(_("Encryption keys"), _keys, _("Put right what is said of the database first."))
    yield from _examine(
        _("Avatar storage"), _avatar_storage, _("Check STORAGES or MEDIA_ROOT, and that we may write there.")
    )
    yield from _examine(_("Configuration"), _configuration, UNFORESEEN)


def _examine(subject: Text, part: Part, hint: Text) -> Iterator[Finding]:
    """``hint``: what to do if the part can't even be looked at."""
    try:
        for found in part():
            yield Finding(subject, *found)
    except Exception as exc:  # noqa: BLE001  each backend has errors of its own, and their texts may hold passwords
        yield Finding(
            subject, False, format_lazy(_("Doesn't work: {problem}."), problem=type(exc).__name__), hint
        )


def _login(app: App) -> Iterator[Found]:
    """WeChat looks at AppID, secret and our address before it says that it doesn't know the code."""
    try:
        get_client(app.appid).code2session(MADE_UP_CODE)
    except InvalidCode:
        yield True, _("WeChat accepts AppID and AppSecret: people can log in.")
    except WeChatError as error:
        yield False, format_lazy(_("Logins fail: {problem}."), problem=str(error)), _hint(error)
    else:
        yield False, _("A code that WeChat never gave was accepted."), NOT_WECHAT


def _access_token(app: App) -> Iterator[Found]:
    try:
        get_client(app.appid).stable_token()
    except WeChatError as error:
        text = _("Phone numbers and what is asked about session keys fail, logins don't need it: {problem}.")
        yield False, format_lazy(text, problem=str(error)), _hint(error)
    else:
        yield True, _("WeChat gives an access_token.")


def _pushes(app: App) -> Iterator[Found]:
    if not app.push_token:
        yield True, _("No PUSH_TOKEN: what WeChat pushes, such as a consent taken back, is not received.")
    elif not app.push_aes_key:
        yield True, _("Pushes are received in plain mode: anybody who saw one can send others."), SECURE_MODE
    else:
        yield True, _("Pushes are received in secure mode.")


def _database() -> Iterator[Found]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield True, _("It answers.")
    if unapplied := _unapplied_migrations():
        text = format_lazy(_("Migrations are not applied: {names}."), names=", ".join(unapplied))
        yield False, text, _("Run manage.py migrate.")
    else:
        yield True, _("All migrations are applied.")


def _unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes("wxlogin"))
    return [migration.name for migration, _backwards in plan if migration.app_label == "wxlogin"]


def _cache() -> Iterator[Found]:
    """Django's own; through ``shared_cache`` a dead one would look alive."""
    probe = secrets.token_hex(16)
    key = f"wxlogin:doctor:{probe}"
    cache.set(key, probe, SECONDS)
    found = cache.get(key)
    cache.delete(key)
    if found != probe or cache.get(key) is not None:
        yield False, _("It forgets what it is told, or keeps what it should forget."), REAL_CACHE
    elif is_shared():
        yield True, _("It works, and all processes share it.")
    else:
        yield True, _("It works. Each process has one of its own.")


def _keys() -> Iterator[Found]:
    if conf.derives_keys():
        yield True, _("They are derived from SECRET_KEY and SECRET_KEY_FALLBACKS.")
    else:
        yield True, _("ENCRYPTION_KEYS lists them.")
    sample = _sampled_session_keys()
    unopened = sum(not _opens(key) for key in sample)
    if unopened:
        text = _("Of {count} session keys looked at, {unopened} don't open.")
        yield False, format_lazy(text, count=len(sample), unopened=unopened), LIST_THE_KEY
    else:
        yield True, format_lazy(_("Session keys looked at: {count}. All open."), count=len(sample))


def _sampled_session_keys() -> list[SessionKey]:
    """Return the oldest and the newest keys that are held."""
    return [key for key in SessionKey.objects.oldest_and_newest(SAMPLE) if key.is_held]


def _opens(key: SessionKey) -> bool:
    try:
        key.reveal()
    except CannotOpen:
        return False
    return True


def _avatar_storage() -> Iterator[Found]:
    field = WeChatUser._meta.get_field("avatar")
    storage: Storage = field.storage
    probe = secrets.token_bytes(16)
    name = storage.save(field.generate_filename(WeChatUser(), f"doctor-{probe.hex()}"), ContentFile(probe))
    try:
        with storage.open(name) as file:
            is_same = file.read() == probe
    finally:
        storage.delete(name)
    if is_same:
        yield True, _("A file could be stored, read and deleted.")
    else:
        yield False, _("A file that was stored came back different.")


def _configuration() -> Iterator[Found]:
    """What ``manage.py check --deploy`` says of us; as there, a warning is no failure."""
    messages = [
        each for each in run_checks(include_deployment_checks=True) if str(each.id).startswith("wxlogin.")
    ]
    messages_left = [each for each in messages if not each.is_silenced()]
    for message in messages_left:
        yield message.level < ERROR, f"{message.id}: {message.msg}", message.hint or ""
    if not messages_left:
        yield True, _("Nothing to remark.")


def _hint(error: WeChatError) -> Text:
    if error.errcode in HINTS:
        return HINTS[error.errcode]
    if error.errcode is not None:
        return LOOK_IT_UP
    return NOT_WECHAT if isinstance(error, BadResponse) else NETWORK


UNFORESEEN = _("Run manage.py check --deploy: it may say more.")
NOT_WECHAT = _("Something else than WeChat answers: check API_BASE, and for a proxy in between.")
NETWORK = _("Check API_BASE and CA_BUNDLE, and that this machine reaches WeChat within UPSTREAM_DEADLINE.")
SECURE_MODE = _("Choose the secure mode in the WeChat console, and set PUSH_AES_KEY.")
REAL_CACHE = _("Use Redis or Memcached as the default cache.")
LIST_THE_KEY = _(
    "List the key that sealed them in ENCRYPTION_KEYS again, or its SECRET_KEY in SECRET_KEY_FALLBACKS. "
    "Or let people log in again, which brings new ones."
)
