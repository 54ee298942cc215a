"""Tokens for one session, genuine ones and others."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
from django.contrib.auth import get_user_model

from wxlogin import tokens

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OTHER_KEY = "another-made-up-key-that-is-long-enough"
SESSION = "0123456789abcdef0123456789abcdef"


def issue(**moment):
    """Return a pair of tokens that are plain texts."""
    pair = issue_pair(**moment)
    return replace(pair, access=pair.access.reveal(), refresh=pair.refresh.reveal())


def issue_pair(generation=0, since=NOON, until=NOON + timedelta(days=30), now=NOON):
    user = get_user_model()(pk=7, username="alice", email="alice@example.com")
    return tokens.issue(
        user, appid="wx-shop", session_id=SESSION, generation=generation, since=since, until=until, now=now
    )


def claims(raw):
    return jwt.decode(raw, options={"verify_signature": False})


def signed(payload, key=None):
    body = json.dumps(payload).encode()
    return jwt.api_jws.encode(body, key or tokens.api_settings.SIGNING_KEY, "HS256")


def epoch(moment):
    return int(moment.timestamp())
