import io
import os
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django_tenants.utils import schema_context

from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers.pictures import picture
from tests.management.doctor.command import line_with, run
from wxlogin import checks
from wxlogin.models import LoginSession, WeChatUser

BY_TENANT = {"default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"}}


def people(tenant: str) -> list[str]:
    with schema_context(tenant):
        return list(WeChatUser.objects.values_list("openid", flat=True))


def test_a_person_of_one_tenant_is_nobody_in_another(tea: Api, books: Api) -> None:
    alice = tea.log_in("o-alice")

    elsewhere = books.get("me/", access=alice.tokens["access"])

    assert alice.get("me/").status_code == 200
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "token_invalid")
    assert books.refresh(alice.tokens["refresh"]).json()["code"] == "token_invalid"
    assert (people("tea"), people("books")) == (["o-alice"], [])


def test_what_a_person_does_here_changes_nothing_there(tea: Api, books: Api) -> None:
    here, there = tea.log_in("o-alice"), books.log_in("o-alice")

    here.post("logout/", {"everywhere": True})
    tea.log_in("o-alice").delete("me/")

    assert there.get("me/").status_code == 200
    assert (people("tea"), people("books")) == ([], ["o-alice"])
    with schema_context("books"):
        assert LoginSession.objects.get().ended_at is None


def test_the_doctor_examines_a_tenants_schema(tea: Api) -> None:
    with schema_context("tea"):
        printed, _ = run()

    assert line_with("All migrations are applied", printed).startswith("ok")
    assert line_with("A row was stored", printed).startswith("ok")


def purge(tenant: str) -> str:
    out = io.StringIO()
    with schema_context(tenant):
        call_command("wxlogin_purge", stdout=out)
    return out.getvalue()


def test_a_purge_leaves_pictures_of_other_tenants_alone(
    tea: Api, books: Api, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    send(tea.log_in("o-alice"), picture())
    for name in ("bob", "carol"):
        send(books.log_in(f"o-{name}"), picture())
    pictures = [path for path in tmp_path.rglob("*") if path.is_file()]
    for each in pictures:
        os.utime(each, (0, 0))

    printed = purge("tea")

    assert [each.exists() for each in pictures] == [True] * 3
    assert "wxlogin.W013" in printed


def test_one_folder_for_all_tenants_is_named(settings: Any) -> None:
    together = {problem.id for problem in checks.check_project()}
    settings.STORAGES = {**settings.STORAGES, **BY_TENANT}

    assert "wxlogin.W013" in together
    assert "wxlogin.W013" not in {problem.id for problem in checks.check_project()}
