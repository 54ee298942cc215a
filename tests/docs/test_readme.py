"""The README tells the same story as the code, in both languages, and its examples run."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission, User
from django.urls import get_resolver

from tests.conftest import Api
from tests.helpers.host import HostProject
from tests.helpers.shell import type_in
from wxlogin.admin import PAGES
from wxlogin.api.errors import ANSWERS
from wxlogin.conf import Conf
from wxlogin.fakewechat import FakeWeChat
from wxlogin.fakewechat.apps import known_apps
from wxlogin.management.commands.fakewechat import Command as FakeWeChatCommand
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

    answer = type_in(line, ROOT)

    assert json.loads(answer.stdout)["created"] is True


@both_languages
def test_the_example_of_the_fake_works(readme: Path, wechat: FakeWeChat) -> None:
    line = re.search(r"^curl -s (http://127\.0\.0\.1:8765)/_fake.*$", readme.read_text(), re.M)

    answer = type_in(line[0].replace(line[1], wechat.url), ROOT)

    assert len(json.loads(answer.stdout)["code"]) == 32


@pytest.fixture
def project_of(tmp_path: Path, wechat: FakeWeChat) -> Callable[[Path], HostProject]:
    """Make a project that has taken the README's first steps, with the fake as its WeChat."""

    def make(readme: Path) -> HostProject:
        host = HostProject(readme, tmp_path)
        host.take_the_first_steps()
        host.paste('^"API_BASE"')
        settings = tmp_path / "mysite/settings.py"
        settings.write_text(settings.read_text().replace("http://127.0.0.1:8765", wechat.url))
        [secret] = re.findall("^export WECHAT_SECRET=(\\w+)", host.block("^export WECHAT_SECRET"))
        wechat.apps = known_apps({"wx0123456789abcdef": {"SECRET": secret}})
        return host

    return make


@both_languages
def test_the_steps_for_an_existing_project_lead_to_a_login(
    readme: Path, project_of: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    """The README's own blocks, pasted into an empty project; then the README's own test runs there."""
    host = project_of(readme)
    host.paste("^class Orders")
    host.paste("^from shop.views import Orders$")
    host.paste("^def test_login")

    views = host.run(
        f"""
print(mini_program.get("/api/orders/").status_code)
print(mini_program.get("/api/orders/", headers=log_in({wechat.code_for("o-x")!r})).json())
"""
    )
    [line] = re.findall("^pytest .+", host.block("^pytest "), re.M)
    tests = host.type_in(line)

    assert views == ["401", "{'openid': 'o-x', 'orders': []}"]
    assert "1 passed" in tests


@both_languages
def test_the_example_of_a_receiver_hears_of_a_first_login(
    readme: Path, project_of: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    host = project_of(readme)
    for block in ("^def greet", "^class ShopConfig", r'^INSTALLED_APPS \+= \["shop"\]$'):
        host.paste(block)

    [said] = host.run("".join(f"log_in({wechat.code_for('o-x')!r})\n" for _ in range(2)))

    assert re.fullmatch("A new customer: wx_[a-z2-7]{24}", said)


CUSTOMER = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=50)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"
"""


@both_languages
def test_the_example_of_a_factory_makes_customers(
    readme: Path, project_of: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    host = project_of(readme)
    (host.folder / "shop/models.py").write_text(CUSTOMER)
    # Django's admin needs a user model with permissions, and this one has none.
    settings = (host.folder / "mysite/settings.py").read_text().replace("    'django.contrib.admin',\n", "")
    (host.folder / "mysite/settings.py").write_text(f'{settings}\nAUTH_USER_MODEL = "shop.Customer"\n')
    urls = (host.folder / "mysite/urls.py").read_text().replace("    path('admin/', admin.site.urls),\n", "")
    (host.folder / "mysite/urls.py").write_text(urls.replace("from django.contrib import admin\n", ""))
    host.paste(r'^INSTALLED_APPS \+= \["shop"\]$')
    host.paste("^def make_customer")
    host.paste('^"USER_FACTORY"')
    type_in("WECHAT_SECRET=made-up python manage.py makemigrations shop", host.folder)

    said = host.run(
        f"""
bearer = log_in({wechat.code_for("o-x")!r})
from shop.models import Customer
customer = Customer.objects.get()
print(customer.email, customer.city, customer.has_usable_password())
print(mini_program.delete("/api/wechat/me/", headers=bearer).status_code, Customer.objects.count())
"""
    )

    assert re.fullmatch(r"[0-9a-f]{32}@wechat\.invalid unknown False", said[0])
    assert said[1:] == ["204 0"]


@both_languages
def test_the_line_for_the_fake_is_the_one_that_its_command_prints(
    readme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [line] = re.findall('^"API_BASE": .*$', readme.read_text(), re.M)

    FakeWeChatCommand()._announce(SimpleNamespace(url="http://127.0.0.1:8765"))

    assert capsys.readouterr().out.splitlines()[-1].strip() == line


@both_languages
def test_the_package_installs_from_a_checkout(readme: Path, tmp_path: Path) -> None:
    [line] = re.findall(r"^pip install \./wxlogin$", readme.read_text(), re.M)
    (tmp_path / "wxlogin").symlink_to(ROOT)

    # The build tool and the dependencies are installed already, so the test needs no package index.
    type_in(f"python -m {line} --no-index --no-deps --no-build-isolation --target installed", tmp_path)

    assert (tmp_path / "installed/wxlogin/py.typed").exists()


@both_languages
def test_the_lines_for_production_make_tables_and_a_superuser(readme: Path, tmp_path: Path) -> None:
    [lines] = re.findall(
        r"^```sh\npip install -r requirements\.txt\n(.*?)^gunicorn", readme.read_text(), re.S | re.M
    )
    assert lines.splitlines() == ["python manage.py migrate", "python manage.py createsuperuser"]

    # createsuperuser asks only in a terminal; with --noinput it reads the environment.
    said = type_in(
        lines.replace("createsuperuser", "createsuperuser --noinput"),
        ROOT,
        DJANGO_SECRET_KEY="made-up-" * 8,
        WECHAT_APPID="wx0123456789abcdef",
        WECHAT_SECRET="made-up",
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
        DJANGO_SUPERUSER_USERNAME="clerk",
        DJANGO_SUPERUSER_EMAIL="clerk@example.com",
        DJANGO_SUPERUSER_PASSWORD="made-up-and-long",
    ).stdout

    assert "Superuser created successfully." in said


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
