"""The API's URLs. A project includes them: ``path("api/wechat/", include("wxlogin.api.urls"))``."""

from django.urls import path, re_path

from . import views

app_name = "wxlogin"

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("token/refresh/", views.RefreshView.as_view(), name="refresh"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("me/", views.MeView.as_view(), name="me"),
    path("me/avatar/", views.AvatarView.as_view(), name="avatar"),
    path("me/export/", views.ExportView.as_view(), name="export"),
    path("sessions/", views.SessionsView.as_view(), name="sessions"),
    path("sessions/<slug:session_id>/", views.SessionView.as_view(), name="session"),
    path("session-key/", views.SessionKeyView.as_view(), name="session-key"),
    path("session-key/check/", views.SessionKeyCheckView.as_view(), name="session-key-check"),
    path("session-key/reset/", views.SessionKeyResetView.as_view(), name="session-key-reset"),
    path("open-data/", views.OpenDataView.as_view(), name="open-data"),
    path("phone/", views.PhoneView.as_view(), name="phone"),
    path("events/<str:appid>/", views.EventsView.as_view(), name="events"),
    # This also answers paths without their last slash, since a redirect would drop the body of a POST.
    re_path("", views.NotFoundView.as_view(), name="not-found"),
]
