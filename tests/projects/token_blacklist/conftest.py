"""What is here needs ``tests.projects.token_blacklist.settings``; tests/projects/test_token_blacklist.py runs it with them."""

from django.conf import settings as project

if "rest_framework_simplejwt.token_blacklist" not in project.INSTALLED_APPS:
    collect_ignore_glob = ["test_*.py"]
