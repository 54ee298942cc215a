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
