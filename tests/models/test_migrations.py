import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client

from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, LoginSession, StaffAct
from wxlogin.models.fields import AwareDateTimeField

PASSWORD = "made-up-password"


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_migrations_run_backwards_and_forwards():
    before = our_tables()

    try:
        call_command("migrate", "wxlogin", "zero", verbosity=0)
        in_between = our_tables()
    finally:
        call_command("migrate", "wxlogin", verbosity=0)

    assert before
    assert in_between == set()
    assert our_tables() == before


@pytest.fixture
def install(db: None) -> Any:
    """Begin the test without our tables, and return a function that makes them, as a project that installs the app."""
    call_command("migrate", "wxlogin", "zero", verbosity=0)
    yield lambda: call_command("migrate", "wxlogin", verbosity=0)
    call_command("migrate", "wxlogin", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_users_who_existed_before_stay_as_they_were(install: Any) -> None:
    make_user("root")
    clerk = make_user("clerk")
    clerk.groups.add(Group.objects.create(name="clerks"))
    clerk.user_permissions.add(Permission.objects.earliest("pk"))
    before = everything_about_users()

    install()

    assert len(before[get_user_model()._meta.db_table]["rows"]) == 2
    assert everything_about_users() == before


@pytest.mark.django_db(transaction=True)
def test_staff_who_used_the_admin_before_can_still_use_it(install: Any) -> None:
    root, at_work, tomorrow = make_user("root"), Client(), Client()
    log_in(at_work, root)

    install()

    log_in(tomorrow, root)
    for browser in (at_work, tomorrow):
        assert browser.get("/admin/wxlogin/wechatuser/").status_code == 200


@pytest.fixture
def migrate_afterwards() -> Any:
    yield
    call_command("migrate", "wxlogin", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_existing_sessions_get_the_app_of_their_person(migrate_afterwards: None) -> None:
    now, user = utc_now(), make_user("root")
    call_command("migrate", "wxlogin", "0008", verbosity=0)
    person, session = insert_person(user.pk, now), secrets.token_hex(16)
    insert("loginsession", public_id=session, wechat_user_id=person, **SESSION_COLUMNS, **times(now))
    insert("loginsession", public_id=session[::-1], wechat_user_id=None, **SESSION_COLUMNS, **times(now))

    call_command("migrate", "wxlogin", verbosity=0)

    assert LoginSession.objects.get(public_id=session).appid == "wx-tea"
    assert LoginSession.objects.get(public_id=session[::-1]).appid == ""


@pytest.mark.django_db(transaction=True)
def test_identity_moves_become_staff_log_rows_and_backwards_only_they_stay(migrate_afterwards: None) -> None:
    for action in ("merge", "check_session_key"):
        StaffAct.objects.create(created_at=utc_now(), action=action, from_user="1", to_user="2", reason="x")

    call_command("migrate", "wxlogin", "0006", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, from_user, to_user, reason FROM wxlogin_identitymove")
        before = cursor.fetchall()
    call_command("migrate", "wxlogin", verbosity=0)

    assert [tuple(row) for row in before] == [("merge", "1", "2", "x")]
    assert list(StaffAct.objects.values_list("action", "from_user", "reason")) == [("merge", "1", "x")]


@pytest.mark.django_db
def test_a_server_of_the_version_before_can_insert_rows_without_a_client() -> None:
    now = utc_now()

    insert("loginsession", public_id=secrets.token_hex(16), appid="wx-tea", **SESSION_COLUMNS, **times(now))
    insert("loginfailure", created_at=now, appid="wx-tea", code="code_invalid", rid="", request_id="")

    assert (LoginSession.objects.get().client, LoginFailure.objects.get().client) == ("", "")


SESSION_COLUMNS = {"generation": 0, "end_reason": "", "user_agent": "", "release": ""}


def times(now: Any) -> dict[str, Any]:
    return dict.fromkeys(("created_at", "last_seen_at", "expires_at"), now)


def insert_person(user: Any, now: Any) -> int:
    empty = dict.fromkeys(("unionid", "nickname", "avatar", "phone_hash", "block_reason"), "")
    moments = dict.fromkeys(("created_at", "last_login_at"), now)
    named = {"appid": "wx-tea", "openid": "o-alice", "user_id": user}
    insert("wechatuser", **named, **empty, **moments, sealed_phone=b"", block_reason_public=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM wxlogin_wechatuser")
        return int(cursor.fetchone()[0])


def insert(table: str, **row: Any) -> None:
    """Insert a row with SQL: the models fit the latest migration only."""
    columns = ", ".join(connection.ops.quote_name(name) for name in row)
    marks = ", ".join(["%s"] * len(row))
    values = [
        AwareDateTimeField().get_db_prep_value(each, connection)
        if isinstance(each, datetime)
        else each.hex
        if isinstance(each, UUID) and connection.vendor != "postgresql"
        else each
        for each in row.values()
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO wxlogin_{table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def make_user(name: str) -> Any:
    User = get_user_model()
    return User._default_manager.create_superuser(
        **{User.USERNAME_FIELD: f"{name}@example.com"}, password=PASSWORD
    )


def log_in(browser: Client, user: Any) -> None:
    answer = browser.post("/admin/login/", {"username": user.get_username(), "password": PASSWORD})
    assert (answer.status_code, "sessionid" in answer.cookies) == (302, True)


def everything_about_users() -> dict[str, Any]:
    """Return the columns and rows of the tables of users, their groups and their permissions."""
    User = get_user_model()
    models = [User, Group, User.groups.through, User.user_permissions.through]
    with connection.cursor() as cursor:
        describe = connection.introspection.get_table_description
        return {
            model._meta.db_table: {
                "columns": describe(cursor, model._meta.db_table),
                "rows": list(model._base_manager.order_by("pk").values_list()),
            }
            for model in models
        }


def our_tables():
    return {name for name in connection.introspection.table_names() if name.startswith("wxlogin_")}
