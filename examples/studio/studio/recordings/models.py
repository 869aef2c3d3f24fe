from django.conf import settings
from django.db import models


class Recording(models.Model):
    title = models.CharField(max_length=200)
    recorded_on = models.DateField(db_index=True)
    minutes = models.PositiveIntegerField()
    engineer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    is_mixed = models.BooleanField(default=False)

    def __str__(self):
        return self.title
