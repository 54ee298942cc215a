"""A project with django-axes, and with django-simple-history on its user model.

The tests show that people log in, are erased and are looked up by staff there, that each change of a user has its row of
history, and that no such row holds an openid.
"""

PACKAGES = ["axes", "simple_history"]
SUITE = []
