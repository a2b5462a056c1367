"""The custom user model: it exists from day one so that it can grow without a painful migration."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in. Add fields here; `settings.AUTH_USER_MODEL` already points at it."""
