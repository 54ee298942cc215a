"""Break everything around the service while people use it, and count what is lost.

See ``__main__.py`` for the command, ``cases/`` for the faults and docs/reliability.md for the results.
"""
