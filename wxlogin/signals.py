"""Where a project may listen."""

from django.dispatch import Signal

#: Sent once a login is committed, with ``sender=WeChatUser``, ``login_session`` and ``created`` (whether the
#: Django user is new). An exception in a receiver is logged and costs nobody the login.
logged_in = Signal()
