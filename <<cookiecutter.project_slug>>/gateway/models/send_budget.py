"""How fast all workers together may send: a token bucket in the database, shared by whoever takes from it."""

from datetime import datetime, timedelta

from django.db import models, transaction


class SendBudget(models.Model):
    """The instant until which the rate of one region is given away.

    Workers take as many calls at once as a chunk has recipients, so the row is locked a few times a second however fast they send.
    """

    region = models.CharField(max_length=32, unique=True)
    free_on = models.DateTimeField()

    class Meta:
        verbose_name = "send budget"

    def __str__(self) -> str:
        return self.region

    @classmethod
    def reserve(cls, region: str, calls: int, rate: float, now: datetime) -> float:
        """Takes so many calls at `rate` a second for all takers together, and returns the seconds to wait before making them."""
        with transaction.atomic():
            cls.objects.get_or_create(region=region, defaults={"free_on": now})
            budget = cls.objects.select_for_update().get(region=region)
            begin = max(budget.free_on, now)
            budget.free_on = begin + timedelta(seconds=calls / rate)
            budget.save(update_fields=["free_on"])
        return (begin - now).total_seconds()
