"""The transcripts in docs/after-login.md: each line is run unchanged, and each answer is compared."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.documents import shape
from tests.helpers.process import ROOT
from tests.helpers.shell import type_in
from tests.settings import APPID
from wxlogin import signals
from wxlogin.fakewechat import FakeWeChat

PAGES = [ROOT / "docs/after-login.md", ROOT / "docs/after-login.zh-CN.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
BOUNDARY = "=== next step"


def transcript(page: Path) -> list[tuple[str, str, str]]:
    """Return the steps of a page: ``(lines to run, kind of answer, answer)``, both "" if nothing is printed."""
    blocks = BLOCK.findall(page.read_text())
    steps = []
    for position, (kind, text) in enumerate(blocks):
        following = blocks[position + 1] if position + 1 < len(blocks) else ("", "")
        if kind == "sh":
            steps.append((text, *(following if following[0] in {"json", "text"} else ("", ""))))
    return steps


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("page", "machine_has_curl"),
    [(PAGES[0], True), (PAGES[1], True), (PAGES[0], False)],
    ids=["English", "Chinese", "without curl"],
)
def test_the_transcript_runs_as_it_is_written(
    page: Path, machine_has_curl: bool, live_server: Any, wechat: FakeWeChat, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    steps = transcript(page)
    script = f"\necho; echo '{BOUNDARY}'\n".join(typed for typed, _, _ in steps)
    for documented, here in (
        ("http://127.0.0.1:8000", live_server.url),
        ("http://127.0.0.1:8765", wechat.url),
        ("wx0123456789abcdef", APPID),
    ):
        script = script.replace(documented, here)

    run = type_in(script, tmp_path, machine_has_curl=machine_has_curl)

    answers = [answer.strip() for answer in run.stdout.split(BOUNDARY)]
    assert len(steps) > 7
    assert len(answers) == len(steps)
    for (typed, kind, documented), answer in zip(steps, answers, strict=True):
        if kind == "json":
            assert shape(json.loads(answer)) == shape(json.loads(documented)), typed
        else:
            assert answer == documented.strip(), typed


def test_the_two_languages_show_the_same() -> None:
    # The first line of some blocks says where the block goes, in the page's language.
    where = re.compile(r"^(# [\w/]+\.py).*")
    one, other = (
        [(kind, where.sub(r"\1", text)) for kind, text in BLOCK.findall(page.read_text())] for page in PAGES
    )

    assert one == other
    assert len(one) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_signals_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"wxlogin\.signals import (\w+)", page.read_text())

    assert named == ["push_received", "person_erased"]
    assert all(hasattr(signals, name) for name in named)
