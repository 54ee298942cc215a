"""The project's own API, for people who are logged in with wxlogin."""

from typing import Any

from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from wxlogin.api.authentication import WeChatJWTAuthentication


class OrderSerializer(serializers.Serializer):
    tea_name = serializers.CharField()
    is_paid = serializers.BooleanField(default=False)


class OrdersView(GenericAPIView):
    authentication_classes = [WeChatJWTAuthentication]
    permission_classes = [IsAuthenticated]
    serializer_class = OrderSerializer

    def post(self, request: Request) -> Response:
        order = OrderSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        return Response(order.data)


def describe_error(exc: Exception, context: Any) -> Response | None:
    answer = exception_handler(exc, context)
    return answer and Response({"error_text": answer.data}, answer.status_code)
