"""Everything that staff or an end user reads exists in Simplified Chinese."""

import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

PACKAGE = Path(__file__).parents[2] / "wxlogin"
CATALOGUE = PACKAGE / "locale/zh_Hans/LC_MESSAGES"


def test_every_message_is_translated_and_none_is_a_guess() -> None:
    catalogue = polib.pofile(str(CATALOGUE / "django.po"))

    assert [
        entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy or entry.obsolete
    ] == []
    assert len(catalogue) > 50


def test_the_compiled_catalogue_is_the_source() -> None:
    source, compiled = polib.pofile(str(CATALOGUE / "django.po")), polib.mofile(str(CATALOGUE / "django.mo"))

    def messages(catalogue: polib._BaseFile) -> dict[str, object]:
        return {entry.msgid: entry.msgstr or entry.msgstr_plural for entry in catalogue}

    assert messages(source) == messages(compiled)


@pytest.mark.skipif(not shutil.which("xgettext"), reason="GNU gettext is not installed")
def test_the_catalogue_has_every_message_of_the_code_and_no_other(tmp_path: Path) -> None:
    copy = tmp_path / "wxlogin"
    shutil.copytree(PACKAGE, copy)

    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "django", "makemessages", "--locale", "zh_Hans", "--no-location", "--no-wrap"],
        cwd=copy,
        env={"PATH": f"{Path(shutil.which('xgettext')).parent}:/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )

    fresh = {
        entry.msgid
        for entry in polib.pofile(str(copy / "locale/zh_Hans/LC_MESSAGES/django.po"))
        if not entry.obsolete
    }
    assert fresh == {entry.msgid for entry in polib.pofile(str(CATALOGUE / "django.po"))}
