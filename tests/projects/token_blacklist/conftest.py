"""The tests here need their own settings. ``tests/projects/test_token_blacklist_in_own_process.py`` runs them."""

from django.conf import settings as project

if "rest_framework_simplejwt.token_blacklist" not in project.INSTALLED_APPS:
    collect_ignore_glob = ["test_*.py"]
