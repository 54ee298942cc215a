"""Deletions by Django itself, of a Django user or of a person, while that person logs in.

Django collects the rows that depend on the user, and then deletes them. A login could insert a row in between, and
the deletion would then fail on the foreign key of that row. So the deletion locks what a login locks, in the order in
which a login does: the person, the unionid's owner, the Django user. A login that comes later waits, and its person
is somebody new.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.db.models.signals import pre_delete

from wxlogin.models import UnionidOwner, WeChatUser
from wxlogin.models.users import lock_against_references

# An attribute of the object whose ``delete`` was called: the primary keys of the people that Django has collected.
COLLECTED = "_wxlogin_collected"


def connect_receivers() -> None:
    pre_delete.connect(lock_person, sender=WeChatUser, dispatch_uid="wxlogin.lock_person")
    # Not for every model: Django deletes the rows of a model without receivers in one statement. A proxy or a subclass
    # of the user model is a sender of its own.
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            pre_delete.connect(lock_user, sender=model, dispatch_uid=f"wxlogin.lock_user.{model._meta.label}")


def lock_person(instance: WeChatUser, using: str, origin: Any = None, **kwargs: Any) -> None:
    """Wait for logins of a person who is being deleted. A receiver of ``pre_delete``.

    Django deletes their sessions and session_key afterwards, the latest ones too.
    """
    WeChatUser.objects.using(using).lock_one(instance)
    if origin is not None:
        vars(origin).setdefault(COLLECTED, set()).add(instance.pk)


def lock_user(instance: Model, using: str, origin: Any = None, **kwargs: Any) -> None:
    """Wait for logins that join a Django user who is being deleted, and delete their people too.

    A receiver of ``pre_delete``, which Django sends for the user's people first.
    """
    UnionidOwner.objects.using(using).lock_of(instance)
    lock_against_references(instance, using=using)
    collected: set[int] = getattr(origin, COLLECTED, set())
    for person in WeChatUser.objects.using(using).lock_of(instance):
        if person.pk not in collected:
            person.delete(using=using)
