from django.contrib import admin

from .models import Recording


@admin.register(Recording)
class RecordingAdmin(admin.ModelAdmin):
    list_display = ["title", "recorded_on", "minutes", "engineer", "is_mixed"]
    list_filter = ["is_mixed"]
