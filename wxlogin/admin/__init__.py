"""The staff side. Everything is registered here; unregister and register again to change a page."""

from django.contrib import admin

from wxlogin.models import IdentityMove, LoginFailure, LoginSession, SessionKey, WeChatUser

from .failures import LoginFailureAdmin
from .moves import IdentityMoveAdmin
from .people import WeChatUserAdmin
from .session_keys import SessionKeyAdmin
from .sessions import LoginSessionAdmin

admin.site.register(WeChatUser, WeChatUserAdmin)
admin.site.register(LoginSession, LoginSessionAdmin)
admin.site.register(SessionKey, SessionKeyAdmin)
admin.site.register(LoginFailure, LoginFailureAdmin)
admin.site.register(IdentityMove, IdentityMoveAdmin)
