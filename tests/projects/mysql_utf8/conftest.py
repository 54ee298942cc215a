"""The tests here need their own settings. ``test_hosts_in_own_process.py`` runs them."""

from django.conf import settings as project

if project.DATABASES["default"].get("OPTIONS", {}).get("charset") != "utf8":
    collect_ignore_glob = ["test_*.py"]
