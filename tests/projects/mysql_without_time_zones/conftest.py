"""The tests here need their own settings. ``tests/projects/test_hosts_in_own_process.py`` runs them."""

from django.conf import settings as project

if "without_time_zones" not in project.DATABASES["default"].get("TEST", {}).get("NAME", ""):
    collect_ignore_glob = ["test_*.py"]
