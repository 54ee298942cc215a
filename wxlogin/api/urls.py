"""``path("api/wechat/", include("wxlogin.api.urls"))``"""

from django.urls import path, re_path

from . import views

app_name = "wxlogin"

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("token/refresh/", views.RefreshView.as_view(), name="refresh"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("me/", views.MeView.as_view(), name="me"),
    path("sessions/", views.SessionsView.as_view(), name="sessions"),
    path("sessions/<slug:session_id>/", views.SessionView.as_view(), name="session"),
    # Also what lacks its last slash: a redirect would lose a POST.
    re_path("", views.NothingHereView.as_view(), name="nothing-here"),
]
