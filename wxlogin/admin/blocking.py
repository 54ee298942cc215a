"""The actions that keep people out and let them in again."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.models import WeChatUser
from wxlogin.services import blocking
from wxlogin.services.reasons import MAX_REASON

MAX_PEOPLE = 100


class BlockForm(forms.Form):
    reason = forms.CharField(label=_("reason for the block"), max_length=MAX_REASON)
    public = forms.BooleanField(label=_("tell the person the reason"), required=False)
    until = forms.SplitDateTimeField(
        label=_("blocked until"),
        required=False,
        widget=AdminSplitDateTime,
        help_text=_("Empty: until somebody unblocks them."),
    )

    def clean_until(self) -> object:
        until = self.cleaned_data["until"]
        if until and until <= timezone.now():
            raise forms.ValidationError(_("This is in the past."))
        return until


class Blocks(admin.ModelAdmin):
    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wxlogin.block_wechatuser")

    @admin.action(description=_("Block the selected people…"), permissions=["block"])
    def block(self, request: HttpRequest, queryset: QuerySet[WeChatUser]) -> HttpResponse | None:
        """Asks for a reason first; the page posts back to this action."""
        if queryset.count() > MAX_PEOPLE:
            text = _("Choose at most %d people at a time.") % MAX_PEOPLE
            self.message_user(request, text, messages.WARNING)
            return None
        form = BlockForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form)
        ended = sum([blocking.block(person, **form.cleaned_data, staff=request.user) for person in queryset])
        text = ngettext(
            "Blocked, and %d login session ended. Its tokens are refused from the next request on.",
            "Blocked, and %d login sessions ended. Their tokens are refused from the next request on.",
            ended,
        )
        self.message_user(request, text % ended, messages.SUCCESS)
        return None

    @admin.action(description=_("Unblock the selected people"), permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[WeChatUser]) -> None:
        blocked = list(queryset.blocked(timezone.now()))  # type: ignore[attr-defined]
        for person in blocked:
            blocking.unblock(person, staff=request.user)
        text = ngettext(
            "%d person may log in again. Sessions that the block ended stay ended.",
            "%d people may log in again. Sessions that the block ended stay ended.",
            len(blocked),
        )
        self.message_user(request, text % len(blocked), messages.SUCCESS if blocked else messages.WARNING)

    def _ask(self, request: HttpRequest, queryset: QuerySet[WeChatUser], form: BlockForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Block people"),
            "opts": self.opts,
            "people": queryset,
            "form": form,
            "media": self.media + form.media,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "wxlogin/admin/block.html", context)
