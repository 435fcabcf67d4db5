from django.conf import settings
from django.db import models

from etd.models.question import Question
from etd.models.voting import VotingRound


class DiscussionNote(models.Model):
    """What a member says, by name, about what a round that is over found on one item. Insert only."""

    append_only = True

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="notes")
    round = models.ForeignKey(VotingRound, on_delete=models.PROTECT, related_name="notes")
    item_key = models.CharField(max_length=80)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.author} on {self.item_key}, {self.round}"
