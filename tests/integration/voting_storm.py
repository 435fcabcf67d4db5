"""A panel that votes from many threads while the chair recuses a member and closes the round; run by its own test.

Prints, as JSON, what the members were answered and what was stored. Runs in a process of its own on a database of its
own: threads need connections that commit.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 -- after the set-up

from etd.actions import audit, conflicts, rounds, voting  # noqa: E402
from etd.actions.errors import Refused, StaleEdit  # noqa: E402
from etd.actions.verification import verify_guideline  # noqa: E402
from etd.enums import ConflictLevel, QuestionStatus  # noqa: E402
from etd.models import AuditEvent, Question, User, Vote, VotingRound  # noqa: E402
from tests import factories as f  # noqa: E402
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, panel_of  # noqa: E402

MEMBERS, VOTES_BEFORE_RECUSAL, VOTES_BEFORE_CLOSE = 8, 16, 32
# After so many votes a member waits for the close: the chair must get a turn on the slowest machine.
MOST_VOTES = 40


class Storm:
    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.members = [
            f.panel_membership(guideline=panel.guideline, user=f.user(name=f"Member {n}")).user
            for n in range(MEMBERS)
        ]
        self.question = panel.question(status=QuestionStatus.VOTING)
        self.round = rounds.open_round(question=self.question, item_keys=[PLAIN.key], by=panel.chair)
        self.lock = threading.Condition()
        self.acknowledged: list[tuple[int, int, str]] = []
        self.refused_after_close = 0
        self.errors: list[str] = []
        self.closed = threading.Event()

    def vote_until_refused(self, member: User) -> None:
        version = 0
        try:
            while True:
                if version == MOST_VOTES:
                    self.closed.wait(timeout=60)
                option = OPTIONS[(member.pk + version) % len(OPTIONS)]
                voting.cast_vote(
                    question=self.question,
                    item_key=PLAIN.key,
                    option_keys=[option],
                    comment=f"Vote {version}",
                    version=version,
                    by=member,
                )
                version += 1
                with self.lock:
                    self.acknowledged.append((member.pk, version, option))
                    self.lock.notify_all()
        except StaleEdit as error:
            self.errors.append(f"stale: {error.revision}")
        except Refused as error:
            with self.lock:
                self.refused_after_close += "has closed" in str(error)
        except Exception as error:
            self.errors.append(repr(error))
        finally:
            connection.close()

    def wait_for(self, n: int) -> None:
        with self.lock:
            self.lock.wait_for(lambda: len(self.acknowledged) >= n or self.errors, timeout=60)

    def run(self) -> dict[str, Any]:
        threads = [threading.Thread(target=self.vote_until_refused, args=[member]) for member in self.members]
        for thread in threads:
            thread.start()
        self.wait_for(VOTES_BEFORE_RECUSAL)
        recused = self.members[0]
        conflicts.manage_conflict(
            member=recused,
            guideline=self.panel.guideline,
            question=self.question,
            level=ConflictLevel.NO_VOTE,
            note="",
            by=self.panel.chair,
        )
        self.wait_for(VOTES_BEFORE_CLOSE)
        # Two chairs at once, on two connections: one close.
        closers = [threading.Thread(target=self.close) for _ in range(2)]
        for thread in closers:
            thread.start()
        for thread in (*threads, *closers):
            thread.join(timeout=90)
        assert not any(thread.is_alive() for thread in (*threads, *closers))
        return self.report(recused)

    def close(self) -> None:
        try:
            rounds.close_round(voting_round=self.round, by=self.panel.chair)
            self.closed.set()
        except Exception as error:
            self.errors.append(repr(error))
        finally:
            connection.close()

    def report(self, recused: User) -> dict[str, Any]:
        question = Question.objects.get(pk=self.question.pk)
        closings = AuditEvent.objects.filter(question=question.slug, type="round_closed")
        (tally,) = json.loads(closings.latest("seq").after)["tallies"]
        return {
            "errors": self.errors,
            "recused": recused.pk,
            "members": [member.pk for member in self.members],
            "acknowledged": self.acknowledged,
            "refused_after_close": self.refused_after_close,
            "stored": [
                [vote.ballot.member_id, vote.version, vote.option_keys[0]]
                for vote in Vote.objects.filter(ballot__round=self.round).select_related("ballot")
            ],
            "tally": tally,
            "closings": closings.count(),
            "is_closed": VotingRound.objects.get(pk=self.round.pk).closed_at is not None,
            "cast_events": AuditEvent.objects.filter(question=question.slug, type="vote_cast").count(),
            "faults": [str(fault) for fault in verify_guideline(self.panel.guideline)],
            "chain": len(audit.verify_chain(audit.chain_name(self.panel.guideline))),
        }


if __name__ == "__main__":
    json.dump(Storm(panel_of()).run(), sys.stdout)
