"""Where a project may listen."""

from django.dispatch import Signal

#: Sent once a login is committed, with ``sender=WeChatUser``, ``login_session`` and ``created`` (whether the
#: Django user is new). An exception in a receiver is logged and costs nobody the login.
logged_in = Signal()

#: Sent once a login is committed that stored a unionid which another Django user has too, within one
#: open-platform group, with ``sender=WeChatUser``, ``wechat_user`` and ``others``. Nothing has been merged.
unionid_conflict = Signal()

#: Sent inside the transaction of a merge, with ``source`` and ``target``: re-point your own rows here. An
#: exception takes the merge back. After a deadlock the merge runs once more: mail in ``on_commit``.
accounts_merged = Signal()

#: Sent inside the transaction of a split, with ``wechat_user``, ``source`` and ``target``, the new user.
identity_split = Signal()

#: Sent inside the transaction that erases a person, with ``user`` and ``wechat_users``, all still there: erase
#: what you keep about them. An exception takes the erasure back. After a deadlock it runs once more.
person_erased = Signal()

#: Sent once for each message that WeChat pushed, when it is dealt with, with ``sender=WeChatUser``, ``appid``,
#: ``message``, a dict with names in lower case, and ``wechat_user``, whom it is about, or None. The three consent
#: events have been obeyed by then. An exception in a receiver is logged, and WeChat does not send again.
push_received = Signal()
