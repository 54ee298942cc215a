"""The page about deployment, in both languages."""

import re
from pathlib import Path

import pytest

from tests.helpers.documents import ROOT
from tests.helpers.shell import type_in

PAGES = [ROOT / "docs/deployment.md", ROOT / "docs/deployment.zh-CN.md"]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_the_line_with_sed_puts_name_and_path_in(page: Path, tmp_path: Path) -> None:
    [line] = re.findall(r"^(sed .*?)^nginx -t", page.read_text(), re.S | re.M)
    site = tmp_path / "wxlogin"

    type_in(line.replace("/etc/nginx/sites-enabled/wxlogin", str(site)), ROOT)

    directives = [row.strip() for row in site.read_text().splitlines() if not row.lstrip().startswith("#")]
    assert not any("example.com" in row or "/srv/" in row for row in directives)
    assert "server_name login.example.org;" in directives
    assert "alias /opt/wxlogin/media/;" in directives


def test_both_pages_have_the_same_figures() -> None:
    figures = [re.findall(r"(?<=\| )[\d /,]+(?:MiB)?(?= \|)", page.read_text()) for page in PAGES]

    assert figures[0] == figures[1]
    assert len(figures[0]) > 30
