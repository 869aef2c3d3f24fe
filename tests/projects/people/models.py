"""Users without a name: an e-mail address to log in with, and a UUID for a key."""

import uuid
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mail = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)

    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()

    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"

    def __str__(self) -> str:
        return self.mail


class Visitor(AbstractBaseUser):
    """A user model without `is_staff`."""

    mail = models.EmailField(unique=True)

    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()

    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"

    def __str__(self) -> str:
        return self.mail
