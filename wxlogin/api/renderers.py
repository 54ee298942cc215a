"""The one renderer of the API."""

from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

from wxlogin.secret import Secret


class _Encoder(JSONEncoder):
    def default(self, obj: Any) -> Any:
        return obj.reveal() if isinstance(obj, Secret) else super().default(obj)


class SecretJSONRenderer(JSONRenderer):
    """JSON in which tokens are in clear. Until an answer is rendered, it holds them as ``Secret``."""

    encoder_class = _Encoder
