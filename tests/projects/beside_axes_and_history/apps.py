from django.apps import AppConfig


class GuestsConfig(AppConfig):
    name = "tests.projects.beside_axes_and_history"
    label = "guests"
    default_auto_field = "django.db.models.BigAutoField"
