from django.contrib.auth.models import UserManager as DjangosManager


class UserManager(DjangosManager):
    """Django's manager takes a username first, but users here have none."""

    def create_user(self, email, password=None, **fields):
        fields.setdefault("is_staff", False)
        fields.setdefault("is_superuser", False)
        return self._saved(email, password, **fields)

    def create_superuser(self, email, password=None, **fields):
        return self._saved(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def _saved(self, email, password, **fields):
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user
