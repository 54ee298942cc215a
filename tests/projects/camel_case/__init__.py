"""A project whose own API speaks camelCase: djangorestframework-camel-case and its own error format are DRF's defaults.

The tests show that wxlogin's API and its schema keep their snake_case there, and that the project's own keep their camelCase.
"""

PACKAGES = ["djangorestframework_camel_case"]
SUITE = ["tests/api/test_me.py"]
