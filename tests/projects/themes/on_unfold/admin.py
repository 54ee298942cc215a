from django.contrib import admin
from unfold.admin import ModelAdmin

from wxlogin.admin import register

register(admin.site, base=ModelAdmin)
