from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "tests.projects.custom_user"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"
