from django.contrib.auth.models import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from wxlogin.exceptions import SessionEnded, TokenInvalid
from wxlogin.models import LoginSession
from wxlogin.secret import Secret
from wxlogin.services import sessions

from .errors import CredentialsRefused


class WeChatJWTAuthentication(BaseAuthentication):
    """A DRF authentication class for ``Authorization: Bearer <access>``.

    It looks the login session up at each request, in one query, so an ended session is refused at once.
    ``request.user`` is the Django user and ``request.auth`` is the ``LoginSession``. A Simple JWT token that
    wxlogin didn't issue is left to the next authentication class.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, LoginSession] | None:
        header = Secret(request.headers.get("Authorization", ""))
        if header.reveal().partition(" ")[0].lower() != "bearer":
            return None
        try:
            session = sessions.authenticate(Secret(header.reveal().partition(" ")[2].strip()))
        except (TokenInvalid, SessionEnded) as refusal:
            raise CredentialsRefused(refusal) from None
        return (session.person.user, session) if session else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
