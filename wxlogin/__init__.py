"""WeChat mini-program login for Django."""

__version__ = "0.1.0"
