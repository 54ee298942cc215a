from django.urls import path

from project.urls import urlpatterns as usual

from .views import OrdersView

urlpatterns = [*usual, path("api/orders/", OrdersView.as_view())]
