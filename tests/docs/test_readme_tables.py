"""The README's tables, links and commands match the code, in both languages."""

import re
from pathlib import Path

from django.urls import get_resolver

from tests.helpers.documents import READMES, both_languages
from tests.helpers.process import ROOT
from wxlogin.api.errors import ANSWERS
from wxlogin.conf import Conf


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
