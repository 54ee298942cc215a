from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from .models import Guest

admin.site.register(Guest, SimpleHistoryAdmin)
