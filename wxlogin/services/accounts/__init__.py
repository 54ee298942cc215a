"""The Django users behind WeChat identities: creating, joining by unionid, merging and splitting."""

from .creating import create_user
from .merging import merge_accounts, split_identity

__all__ = ["create_user", "merge_accounts", "split_identity"]
