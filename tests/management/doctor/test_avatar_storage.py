import pytest
from django.core.files.storage import InMemoryStorage

from .command import line_with, run

pytestmark = pytest.mark.django_db


def test_the_probe_of_the_file_storage_does_not_stay(tmp_path):
    run()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_can_not_be_created_is_reported(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Avatar storage: Doesn't work: NotADirectoryError.", printed)
    assert "MEDIA_ROOT" in printed


class Forgetful(InMemoryStorage):
    def _save(self, name, content):
        content.truncate(3)
        return super()._save(name, content)


def test_a_storage_that_changes_what_it_keeps_is_reported(settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.Forgetful"}}

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("came back different", printed)
