from django.conf import settings
from django.db import models

from etd.models.voting import VotingRound


class Mailing(models.Model):
    """One letter about a round to some of its panel, on its way.

    `about` says which letter, as its event does. `outstanding` are the members that it has not gone to yet, taken out
    one by one as it goes: afterwards nothing here tells to whom it went, since that would tell who had not voted.
    `any_sent`: has it gone to anybody? `given_up_at`: when the last try had failed, and an event said so.
    """

    round = models.ForeignKey(VotingRound, on_delete=models.PROTECT, related_name="mailings")
    about = models.JSONField()
    outstanding = models.JSONField(default=list, blank=True)
    any_sent = models.BooleanField(default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["round", "pk"]

    def __str__(self) -> str:
        return f"{self.about['letter']} about {self.round}"
