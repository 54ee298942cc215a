from django.utils.translation import gettext_lazy as _

from .people import WeChatUser


class Overview(WeChatUser):
    """Proxy without a table: it gives the staff's first page a name in every menu, and a permission."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("overview")
        verbose_name_plural = _("overview")
