"""The app in a project with a user model of its own. Such a project needs a process of its own."""

from tests.helpers.process import suite


def test_the_app_works_with_a_user_model_without_username_and_with_a_uuid() -> None:
    run = suite(
        "tests.projects.custom_user.settings",
        "tests/projects/custom_user",
        "tests/api/test_me.py",
        "tests/api/test_erase.py",
        "tests/api/test_erase_blocks.py",
        "tests/api/test_erase_meanwhile.py",
        "tests/api/test_export.py",
        "tests/models/test_migrations.py",
    )

    run.assert_passed()
