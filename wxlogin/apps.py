from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WxLoginConfig(AppConfig):
    name = "wxlogin"
    verbose_name = _("WeChat login")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_delete, post_save

        from . import checks, database_errors
        from .services import decisions, deletion, pictures, sessions
        from .services.host import schema as schema_package

        checks.refuse_to_start()
        connection_created.connect(database_errors.watch, dispatch_uid="wxlogin.watch")
        post_save.connect(
            sessions.end_sessions_of_saved_user, dispatch_uid="wxlogin.end_sessions_of_saved_user"
        )
        deletion.connect_receivers()
        post_delete.connect(
            pictures.delete_file_of_deleted,
            sender=self.get_model("WeChatUser"),
            dispatch_uid="wxlogin.delete_file_of_deleted",
        )
        post_delete.connect(
            decisions.log_deleted, sender=self.get_model("WeChatUser"), dispatch_uid="wxlogin.log_deleted"
        )
        if schema_package.can_be_described():
            # drf-spectacular registers an extension when its class is defined, so the import is enough.
            from .api import schema  # noqa: F401
