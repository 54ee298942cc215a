from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "tests.projects.mobile_username"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
