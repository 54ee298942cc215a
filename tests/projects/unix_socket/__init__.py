"""nginx in front of gunicorn at a Unix socket.

The server sees no address of a client. With TRUSTED_PROXIES = 0 all people share one limit, and the log and the doctor say
so; with 1 each has their own. Clients that hang up at gunicorn itself leave no error.
"""

PROGRAMS = ["nginx", "openssl"]
PACKAGES = ["gunicorn"]
SUITE = []
