"""The pages for staff match the code, in both languages."""

import re
from pathlib import Path

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission

from tests.helpers.process import ROOT
from wxlogin.admin import PAGES
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.services.staff import exporting, revealing

STAFF_PAGES = [ROOT / "docs/staff.md", ROOT / "docs/staff.zh-CN.md"]
in_both_languages = pytest.mark.parametrize("page", STAFF_PAGES, ids=lambda path: path.name)


@in_both_languages
def test_the_table_lists_every_permission(page: Path, db: None) -> None:
    documented = set(
        re.findall(r"`([a-z]+_[a-z_]+)`", "".join(re.findall(r"^\| `.*?\|", page.read_text(), re.M)))
    )

    all_ours = Permission.objects.filter(content_type__app_label="wxlogin")
    shown = {model._meta.model_name for model in PAGES}
    existing = {each.codename for each in all_ours if each.content_type.model in shown}
    assert documented == {
        codename for codename in existing if not codename.startswith(("delete_", "add_", "change_"))
    }


@in_both_languages
def test_the_examples_of_registering_pages_run(page: Path) -> None:
    theme, own = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    site = AdminSite()

    exec(own.replace("admin.site", "site"), {"site": site})  # noqa: S102

    assert site._registry[WeChatUser].list_per_page == 20
    assert site.is_registered(StaffAct)
    assert theme == (ROOT / "tests/projects/themes/on_unfold/admin.py").read_text()


@in_both_languages
def test_the_numbers_are_those_of_the_code(page: Path) -> None:
    text = page.read_text()

    assert f"{exporting.MAX_ROWS:,}" in text
    assert re.search(rf"\b{revealing.MAX_REVEALS}\b", text)
