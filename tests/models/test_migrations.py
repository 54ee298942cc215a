from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client

PASSWORD = "made-up-password"


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_migrations_lead_back_and_forth():
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
    """The test begins on the day before the project installs the app, and calls this to install it."""
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
def test_who_worked_in_the_admin_before_keeps_doing_so(install: Any) -> None:
    root, at_work, tomorrow = make_user("root"), Client(), Client()
    log_in(at_work, root)

    install()

    log_in(tomorrow, root)
    for browser in (at_work, tomorrow):
        assert browser.get("/admin/wxlogin/wechatuser/").status_code == 200


def make_user(name: str) -> Any:
    User = get_user_model()
    return User._default_manager.create_superuser(
        **{User.USERNAME_FIELD: f"{name}@example.com"}, password=PASSWORD
    )


def log_in(browser: Client, user: Any) -> None:
    answer = browser.post("/admin/login/", {"username": user.get_username(), "password": PASSWORD})
    assert (answer.status_code, "sessionid" in answer.cookies) == (302, True)


def everything_about_users() -> dict[str, Any]:
    """The columns and rows of the users' table, and of those that say what they may do."""
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
