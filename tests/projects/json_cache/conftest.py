"""The tests here need their own settings. ``test_hosts_in_own_process.py`` runs them."""

from django.conf import settings as project

if not project.CACHES["default"]["BACKEND"].startswith("django_redis."):
    collect_ignore_glob = ["test_*.py"]
