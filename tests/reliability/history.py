"""What was sent and answered, what is stored, and whether the two agree. Pure: no server, no database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    # The connection broke, or the server failed: the vote may be stored or not.
    UNKNOWN = "unknown"


Place = tuple[int, str]


@dataclass(frozen=True)
class Write:
    """One request that casts a vote. `version` is the one that the sender had seen; times in seconds of one clock."""

    member: int
    item: str
    version: int
    option: str
    comment: str
    op: str
    outcome: Outcome
    status: int
    sent: float
    answered: float

    @property
    def place(self) -> Place:
        return self.member, self.item

    @property
    def content(self) -> tuple[str, str]:
        return self.option, self.comment


@dataclass(frozen=True)
class StoredVote:
    member: int
    item: str
    version: int
    option: str
    comment: str


@dataclass(frozen=True)
class CastEvent:
    """The audit event of one stored vote."""

    seq: int
    member: int
    op: str


@dataclass(frozen=True)
class Stored:
    """What the database holds after a run. `faults` are those that `verify_chain` and the database itself report."""

    votes: Sequence[StoredVote]
    events: Sequence[CastEvent]
    faults: Sequence[str]
    closed_seq: int | None
    tallies: dict[str, dict[str, int]]
    voided: frozenset[int]

    @classmethod
    def of(cls, read: dict[str, Any]) -> Stored:
        return cls(
            votes=[StoredVote(*vote) for vote in read["votes"]],
            events=[CastEvent(*event) for event in read["events"]],
            faults=read["faults"],
            closed_seq=read["closed_seq"],
            tallies=read["tallies"],
            voided=frozenset(read["voided"]),
        )


@dataclass(frozen=True)
class Findings:
    """How often each thing happened that must not happen, and some figures of the run.

    lost: acknowledged, but no event of it; or nothing stored where something was acknowledged.
    overwritten: two writes acknowledged on top of the same version, so that one replaced the other unseen.
    wrong: what is stored last is not the last thing that was acknowledged (or sent, where the answer is unknown).
    duplicates: more than one event of a request, or more than one vote of a member on an item.
    unexplained: stored, but never sent, or refused.
    faults: what verify_chain or the database's own check reports.
    """

    lost: int
    overwritten: int
    wrong: int
    duplicates: int
    unexplained: int
    faults: int
    writes: int
    acknowledged: int
    refused: int
    unknown: int
    server_errors: int

    @property
    def is_clean(self) -> bool:
        """Every vote is where it belongs, once. Server errors are counted, and judged by the goal they belong to."""
        return not any(
            (self.lost, self.overwritten, self.wrong, self.duplicates, self.unexplained, self.faults)
        )

    def figures(self) -> dict[str, Any]:
        return asdict(self)


def check(history: Sequence[Write], stored: Stored) -> Findings:
    """Compare what members were answered with what is stored."""
    by_outcome = Counter(write.outcome for write in history)
    events_of = Counter(event.op for event in stored.events if event.op)
    acknowledged = {write.op: write for write in history if write.outcome is Outcome.ACKNOWLEDGED}
    possible = acknowledged.keys() | {write.op for write in history if write.outcome is Outcome.UNKNOWN}
    votes = Counter((vote.member, vote.item) for vote in stored.votes)
    nameless = sum(not event.op for event in stored.events)
    return Findings(
        lost=sum(not events_of[op] for op in acknowledged)
        + len({write.place for write in acknowledged.values()} - votes.keys()),
        overwritten=overwritten(acknowledged.values()),
        wrong=sum(not is_explained(vote, history) for vote in stored.votes),
        # An event without the id of its request repeats one that has it: every request of ours has an id.
        duplicates=sum(n - 1 for n in (*events_of.values(), *votes.values())) + nameless,
        unexplained=sum(op not in possible for op in events_of),
        faults=len(stored.faults),
        writes=len(history),
        acknowledged=by_outcome[Outcome.ACKNOWLEDGED],
        refused=by_outcome[Outcome.REFUSED],
        unknown=by_outcome[Outcome.UNKNOWN],
        server_errors=sum(write.status >= 500 for write in history),
    )


def overwritten(acknowledged: Iterable[Write]) -> int:
    seen: dict[tuple[Place, int], set[str]] = defaultdict(set)
    for write in acknowledged:
        seen[write.place, write.version].add(write.op)
    return sum(len(ops) - 1 for ops in seen.values())


def is_explained(vote: StoredVote, history: Sequence[Write]) -> bool:
    """Is this vote the last that its member had acknowledged on the item, or a later one without an answer?"""
    here = [write for write in history if write.place == (vote.member, vote.item)]
    newest = max((w.version + 1 for w in here if w.outcome is Outcome.ACKNOWLEDGED), default=0)
    return vote.version >= newest and any(
        write.version + 1 == vote.version
        and write.content == (vote.option, vote.comment)
        and write.outcome is not Outcome.REFUSED
        for write in here
    )


def accepted_late(history: Sequence[Write], closed_at: float) -> int:
    """Votes acknowledged although they were sent after the close had been answered."""
    return sum(write.outcome is Outcome.ACKNOWLEDGED and write.sent > closed_at for write in history)


def tally_differences(history: Sequence[Write], stored: Stored) -> int:
    """Items whose tally at the close is not that of the last acknowledged votes of members who kept their ballot."""
    last: dict[Place, Write] = {}
    for write in sorted(history, key=lambda write: write.version):
        if write.outcome is Outcome.ACKNOWLEDGED and write.member not in stored.voided:
            last[write.place] = write
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for write in last.values():
        expected[write.item][write.option] += 1
    items = expected.keys() | stored.tallies.keys()
    return sum(
        {option: n for option, n in stored.tallies.get(item, {}).items() if n} != dict(expected[item])
        for item in items
    )
