"""The README's examples run, in both languages."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.conftest import Api
from tests.helpers.documents import both_languages, shape
from tests.helpers.process import ROOT
from tests.helpers.shell import type_in
from wxlogin.fakewechat import FakeWeChat
from wxlogin.management.commands.fakewechat import Command as FakeWeChatCommand
from wxlogin.models import StaffAct, WeChatUser


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
    printed = type_in(
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

    assert "Superuser created successfully." in printed


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
