"""Signals that a project can connect receivers to.

Each comment says when the signal is sent, with which arguments, and what an exception in a receiver does. A
signal that is sent inside a transaction is sent again if the transaction is retried, for example after a
deadlock: send mail and call other services in ``transaction.on_commit``. If your routers put wxlogin's tables in another
database than ``default``, pass ``using=wxlogin.databases.alias()`` to it.
"""

from django.dispatch import Signal

#: Sent after a login is committed, with ``sender=WeChatUser``, ``login_session`` and ``created`` (True if the
#: Django user is new). An exception in a receiver is logged, and the login succeeds all the same.
logged_in = Signal()

#: Sent after a login is committed that stored a unionid which another Django user of the same open-platform
#: group has too, with ``sender=WeChatUser``, ``wechat_user`` and ``others``. Nothing is merged by itself. An
#: exception in a receiver is logged, and the login succeeds all the same.
unionid_conflict = Signal()

#: Sent inside the transaction of a merge, with ``sender=StaffAct``, ``source`` and ``target``, two Django users:
#: point your own rows from ``source`` to ``target`` here. An exception in a receiver rolls the merge back.
accounts_merged = Signal()

#: Sent inside the transaction of a split, with ``sender=StaffAct``, ``wechat_user``, ``source`` and ``target``,
#: the new Django user. An exception in a receiver rolls the split back.
identity_split = Signal()

#: Sent inside the transaction that erases a person, with ``sender=WeChatUser``, ``user`` and ``wechat_users``,
#: whose rows still exist: erase what you store about them here. An exception in a receiver rolls the erasure back.
person_erased = Signal()

#: Sent once for each message that WeChat pushes, after wxlogin itself has processed it, with
#: ``sender=WeChatUser``, ``appid``, ``message``, a dict with lower-case names, and ``wechat_user``, the person
#: that the message is about, or None. The three events about consent have taken effect by then. An exception in
#: a receiver is logged, and WeChat doesn't send the message again.
push_received = Signal()
