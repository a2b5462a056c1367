"""Figures by the minute, and their running totals."""

from django.db import models


class Metric(models.Model):
    """One series in one minute; `minute` counts from the epoch, and 0 holds the total since the table was made.

    Two bounds keep the table small: minutes older than the retention are deleted by the flush that writes new ones, and labels
    come from small sets.
    """

    TOTAL = 0

    minute = models.PositiveIntegerField()
    series = models.CharField(max_length=255)
    value = models.FloatField(default=0)

    class Meta:
        verbose_name = "figure"
        verbose_name_plural = "Realtime"
        ordering = ["minute", "series"]
        constraints = [models.UniqueConstraint(fields=["minute", "series"], name="one_value_per_minute_and_series")]

    def __str__(self) -> str:
        return f"{self.series} @ {self.minute}"
