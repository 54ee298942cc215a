"""A host project's tests need its settings, so other runs leave its folder out."""

from pathlib import Path

from django.conf import settings

FOLDER = Path(__file__).parent
collect_ignore = [
    path.parent.name
    for path in FOLDER.glob("*/__init__.py")
    if not settings.SETTINGS_MODULE.startswith(f"tests.projects.{path.parent.name}.")
]
