from importlib.util import find_spec

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WxLoginConfig(AppConfig):
    name = "wxlogin"
    verbose_name = _("WeChat login")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from . import checks
        from .services import avatars, sessions

        checks.refuse_to_start()
        post_save.connect(sessions.when_user_saved, dispatch_uid="wxlogin.when_user_saved")
        post_delete.connect(
            avatars.delete_file_of_deleted,
            sender=self.get_model("WeChatUser"),
            dispatch_uid="wxlogin.delete_file_of_deleted",
        )
        if find_spec("drf_spectacular"):
            from .api import schema  # noqa: F401  extensions of drf-spectacular count once they are imported
