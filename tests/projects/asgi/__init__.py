"""uvicorn, an ASGI server.

Logins and the upload of an avatar work; clients that hang up leave no error.
"""

PACKAGES = ["uvicorn"]
SUITE = []
