"""uWSGI as the server.

Logins, the upload of an avatar and the time limit for calls to WeChat work without any option for threads; clients that hang
up leave no error.
"""

PACKAGES = ["uwsgidecorators"]
SUITE = []
