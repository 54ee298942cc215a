"""The README tells the same story as the code, in both languages, and its examples run."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission, User
from django.urls import get_resolver

from tests.conftest import Api
from wxlogin.admin import PAGES
from wxlogin.api.errors import ANSWERS
from wxlogin.conf import Conf
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.services.staff import exporting, revealing

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
both_languages = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)


def rows(readme: Path, pattern: str) -> list[tuple[str, ...]]:
    return re.findall(pattern, readme.read_text(), re.M)


@both_languages
def test_the_settings_table_lists_every_setting(readme: Path) -> None:
    documented = {
        name for name in rows(readme, r"^\| `([A-Z_]+)` \|") if not name.startswith(("DJANGO_", "WECHAT_"))
    }
    documented -= {"DATABASE_URL", "REDIS_URL", "WXLOGIN_ENCRYPTION_KEYS"}

    assert documented == {name for name in dir(Conf) if name.isupper()}


@both_languages
def test_the_error_table_lists_every_answer_with_its_status(readme: Path) -> None:
    documented = {code: int(status) for code, status in rows(readme, r"^\| `([a-z_]+)` \| (\d{3}) \|")}

    assert documented == {code: answer.status for code, answer in ANSWERS.items()}


@both_languages
def test_the_call_table_lists_every_route(readme: Path) -> None:
    mounted = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/wechat/")
    routes = {
        re.sub("<(?:slug:session_|str:app)id>", "<id>", str(pattern.pattern))
        for pattern in mounted.url_patterns
    } - {""}

    documented = {
        path.replace("<appid>", "<id>")
        for path in re.findall(
            r"^\| `(?:(?:GET|POST|PUT|DELETE)(?:`, `)?)+ (\S+)` \|", readme.read_text(), re.M
        )
    }

    assert documented == routes


@both_languages
def test_the_documented_variables_are_the_ones_that_the_project_reads(readme: Path) -> None:
    source = (ROOT / "project/settings.py").read_text()
    read = set(re.findall(r"""(?:env|flag|listed)\("([A-Z_]+)\"""", source)) - {"WXLOGIN_UPSTREAM_DEADLINE"}

    documented = set(re.findall(r"`((?:DJANGO|WECHAT|DATABASE|REDIS|WXLOGIN)_[A-Z_]+)`", readme.read_text()))

    assert documented - {"WXLOGIN_"} == read


@both_languages
def test_the_example_answer_has_the_fields_of_a_real_one(readme: Path, api: Api) -> None:
    example = json.loads(re.search(r"```json\n(.*?)```", readme.read_text(), re.S)[1])

    real = api.send_code().json()

    assert shape(example) == shape(real)
    assert (example["expires_in"], example["refresh_expires_in"]) == (
        real["expires_in"],
        real["refresh_expires_in"],
    )


@both_languages
def test_the_example_login_works(readme: Path, live_server: Any, wechat: FakeWeChat) -> None:
    command = re.search(r"^curl -s (https://example\.com\S+login/) (.*)$", readme.read_text(), re.M)
    code = wechat.code_for("o-alice")
    line = (
        command[0]
        .replace("https://example.com", live_server.url)
        .replace("0716AVll20uHk94SLDml27etM946AVlq", code)
    )

    answer = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)  # noqa: S602

    assert json.loads(answer.stdout)["created"] is True


@both_languages
def test_the_example_of_the_fake_works(readme: Path, wechat: FakeWeChat) -> None:
    line = re.search(r"^curl -s (http://127\.0\.0\.1:8765)/_fake.*$", readme.read_text(), re.M)

    answer = subprocess.run(  # noqa: S602
        line[0].replace(line[1], wechat.url), shell=True, capture_output=True, text=True, check=True
    )

    assert len(json.loads(answer.stdout)["code"]) == 32


PROJECT = {
    "settings.py": """
import os
os.environ["WECHAT_SECRET"] = "made-up"
SECRET_KEY = "a-made-up-key-that-is-long-enough-for-hs256"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
""",
    "urls.py": """
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from wxlogin.api.authentication import WeChatJWTAuthentication
urlpatterns = []
""",
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npython_files = test_*.py\n",
}


@both_languages
def test_the_steps_for_an_existing_project_lead_to_a_login(readme: Path, tmp_path: Path) -> None:
    """The README's own blocks, pasted into an empty project; then the README's own test runs there."""
    text = readme.read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    settings = next(block for block in blocks if block.startswith("# settings.py"))
    urls = next(block for block in blocks if block.startswith("# urls.py"))
    view = next(block for block in blocks if block.startswith("class Orders"))
    test = next(block for block in blocks if block.startswith("def test_login"))
    settings = settings.replace("INSTALLED_APPS =", "INSTALLED_APPS +=")
    body = "    def get(self, request):\n        return Response(request.auth.wechat_user.openid)\n"
    urls = (
        urls.replace("urlpatterns =", "urlpatterns +=")
        + '\nurlpatterns.append(path("orders/", Orders.as_view()))\n'
    )
    orders = """
def test_orders(client, db, wechat):
    login = client.post("/api/wechat/login/", {"code": wechat.code_for("o-x")}, content_type="application/json")
    bearer = {"Authorization": "Bearer " + login.json()["access"]}
    assert client.get("/orders/").status_code == 401
    assert client.get("/orders/", headers=bearer).json() == "o-x"
"""
    files = {
        "settings.py": PROJECT["settings.py"] + settings,
        "urls.py": PROJECT["urls.py"] + view + body + urls,
        "test_readme.py": test + orders,
        "pytest.ini": PROJECT["pytest.ini"],
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in run.stdout, run.stdout + run.stderr


@both_languages
def test_the_examples_of_merging_splitting_and_blocking_run(readme: Path, alice: Api, bob: Api) -> None:
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.S)
    merging, blocking = (
        next(block for block in blocks if block.startswith(f"from wxlogin.services.{room}"))
        for room in ("accounts", "blocking")
    )
    wechat_user = WeChatUser.objects.get(openid="o-alice")
    target = WeChatUser.objects.get(openid="o-bob").user
    request = SimpleNamespace(user=User.objects.create(username="clerk", is_staff=True))
    names = {"source": wechat_user.user, "target": target, "wechat_user": wechat_user, "request": request}

    exec(merging, names)  # noqa: S102
    exec(blocking, names)  # noqa: S102

    assert list(StaffAct.objects.order_by("pk").values_list("action", flat=True)) == [
        "merge",
        "split",
        "block",
        "unblock",
    ]
    assert alice.get("me/").json()["code"] in {"session_ended", "token_invalid"}


@both_languages
def test_the_example_of_a_factory_takes_what_a_factory_is_given(readme: Path) -> None:
    block = re.search(r"```python\n(def make_customer.*?)```", readme.read_text(), re.S)[1]
    names: dict[str, Any] = {"Customer": Mock(), "uuid4": uuid4}

    exec(block, names)  # noqa: S102
    names["make_customer"](appid="wx-tea", openid="o-alice", unionid="")

    assert names["Customer"].objects.create.call_args.kwargs["email"].endswith("@wechat.invalid")


@both_languages
def test_the_signal_of_the_readme_exists(readme: Path) -> None:
    assert (
        "@receiver(wxlogin.signals.logged_in)\ndef greet(login_session, created, **kwargs): ..."
        in readme.read_text()
    )


@both_languages
def test_commands_and_files_that_are_named_exist(readme: Path) -> None:
    text = readme.read_text()
    makefile = (ROOT / "Makefile").read_text()

    for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for link in re.findall(r"\]\(([^)h][^)]*)\)", text):
        assert (ROOT / link).exists(), link


def test_both_readmes_have_the_same_blocks_of_code() -> None:
    def blocks(readme: Path) -> list[str]:
        found = re.findall(r"```(\w+)\n(.*?)```", readme.read_text(), re.S)
        return [language + re.sub(r"(#|/\*).*", "", code) for language, code in found]

    assert blocks(READMES[0]) == blocks(READMES[1])


def test_the_wheel_holds_what_is_promised_to_come_with_it(tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("django_wxlogin-*.whl")
    listed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], check=True, capture_output=True, text=True
    ).stdout

    for needed in (
        "wxlogin/py.typed",
        "wxlogin/locale/zh_Hans/LC_MESSAGES/django.mo",
        "wxlogin/templates/wxlogin/admin/recent_sessions.html",
        "wxlogin/templates/wxlogin/admin/overview.html",
        "wxlogin/static/wxlogin/admin.css",
        "wxlogin/static/wxlogin/overview.css",
        "wxlogin/migrations/0001_initial.py",
        "wxlogin/fakewechat/plugin.py",
    ):
        assert needed in listed
    assert "tests/" not in listed
    assert "project/" not in listed


def shape(value: Any) -> Any:
    """Of an example and a real answer the same, also if names and times differ."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "text or nothing" if value is None or isinstance(value, str) else type(value).__name__


STAFF_PAGES = [ROOT / "docs/staff.md", ROOT / "docs/staff.zh-CN.md"]
in_both_languages = pytest.mark.parametrize("page", STAFF_PAGES, ids=lambda path: path.name)


@in_both_languages
def test_the_permissions_that_staff_are_told_of_are_those_that_there_are(page: Path, db: None) -> None:
    documented = set(
        re.findall(r"`([a-z]+_[a-z_]+)`", "".join(re.findall(r"^\| `.*?\|", page.read_text(), re.M)))
    )

    ours = Permission.objects.filter(content_type__app_label="wxlogin")
    shown = {model._meta.model_name for model in PAGES}
    there = {each.codename for each in ours if each.content_type.model in shown}
    assert documented == {
        codename for codename in there if not codename.startswith(("delete_", "add_", "change_"))
    }


@in_both_languages
def test_the_example_of_a_page_of_ones_own_runs(page: Path) -> None:
    theme, own = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    site = AdminSite()

    exec(own.replace("admin.site", "site"), {"site": site})  # noqa: S102

    assert site._registry[WeChatUser].list_per_page == 20
    assert site.is_registered(StaffAct)
    assert theme == (ROOT / "tests/projects/on_unfold/admin.py").read_text()


@in_both_languages
def test_the_numbers_that_staff_are_told_are_those_of_the_code(page: Path) -> None:
    text = page.read_text()

    assert f"{exporting.MAX_ROWS:,}" in text
    assert re.search(rf"\b{revealing.AT_MOST}\b", text)
