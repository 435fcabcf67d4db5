"""What must become of a question and its panel, as a plain model: no database, no Django.

A1 does one act after the other; A2 does several at once, and then there must be an order in which the model gives the
same answers and ends in the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VOTERS = frozenset({"chair", "panel_member"})
DISCLOSURE = "disclosure"
# What the trail holds of these acts; letters that are sent on the way have events of their own.
EVENTS = (
    "vote_cast",
    "vote_revealed",
    "round_opened",
    "round_closed",
    "ballot_voided",
    "conflict_managed",
    "member_added",
    "member_invited",
    "invitation_accepted",
    "role_changed",
    "member_ended",
    "status_changed",
    "texts_edited",
    "upload_staged",
)
# Of one history.
STEPS = 40


class Said(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    STALE = "stale"
    # Nothing changes; whether that is said as "done" or as "refused" depends on when the page was read.
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Act:
    """What somebody asks for. `kind` is the name of the model's method; the others mean what that method says."""

    kind: str
    by: str
    on: str = ""
    options: tuple[str, ...] = ()
    text: str = ""
    version: int = 0
    op: str = ""


@dataclass
class PanelModel:
    """A question of a guideline of its own. People are named as the caller names them; `items` are what is voted on."""

    roles: dict[str, str]
    items: tuple[str, ...]
    status: str = "evidence"
    # (person, "guideline" or "question") to how their conflict of interest is managed.
    levels: dict[tuple[str, str], str] = field(default_factory=dict)
    number: int = 0
    is_open: bool = False
    is_time_up: bool = False
    ballots: set[str] = field(default_factory=set)
    # (person, item) to options, reason and version, in the open round.
    votes: dict[tuple[str, str], tuple[tuple[str, ...], str, int]] = field(default_factory=dict)
    tallies: dict[int, dict[str, dict[str, int]]] = field(default_factory=dict)
    text: str = ""
    revision: int = 1
    files: set[str] = field(default_factory=set)
    invited: dict[str, str] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    def do(self, act: Act) -> Said:
        """What the act is answered; the model is changed as the database must be."""
        method: Callable[[Act], Said] = getattr(self, act.kind)
        return method(act)

    def facts(self) -> dict[str, Any]:
        """What must be stored, in the form in which `tests.reliability.facts` reads it."""
        return {
            "roles": dict(self.roles),
            "status": self.status,
            "recused": sorted(self.recused),
            "number": self.number,
            "is_open": self.is_open,
            "ballots": sorted(self.ballots),
            "votes": {
                f"{who} {item}": [list(options), text, version]
                for (who, item), (options, text, version) in self.votes.items()
            },
            "tallies": {str(number): counted for number, counted in self.tallies.items()},
            "text": self.text,
            "revision": self.revision,
            "files": len(self.files),
            "invited": dict(self.invited),
            "events": dict(self.events),
        }

    @property
    def recused(self) -> set[str]:
        return {who for (who, _), level in self.levels.items() if level != DISCLOSURE}

    # --- Votes

    def vote(self, act: Act) -> Said:
        """`by` votes on the item `on`, having seen `version`."""
        may_vote = act.by in self.ballots and self.roles.get(act.by) in VOTERS
        if not self.is_open or self.is_time_up or not may_vote:
            return Said.REFUSED
        stored = self.votes.get((act.by, act.on))
        if stored and stored[:2] == (act.options, act.text):
            return Said.DONE
        if len(act.options) > 1:
            return Said.REFUSED
        if act.version != (stored[2] if stored else 0):
            return Said.STALE
        self.votes[act.by, act.on] = (act.options, act.text, act.version + 1)
        self.events["vote_cast"] += 1
        return Said.DONE

    # --- Rounds, by their number in `version`

    def open(self, act: Act) -> Said:
        if self.status != "voting" or (self.is_open and not self.is_time_up):
            return Said.REFUSED
        wanted = {who for who, role in self.roles.items() if role in VOTERS} - self.recused
        if not wanted:
            return Said.REFUSED
        self._close_if_over()
        self.number += 1
        self.is_open, self.ballots = True, wanted
        self.events["round_opened"] += 1
        return Said.DONE

    def close(self, act: Act) -> Said:
        self._close_if_over()
        if self.is_open and act.version == self.number:
            self._close()
        return Said.DONE

    def time_up(self, act: Act) -> Said:
        """The open round's closing time comes; nobody has written down its close yet."""
        self.is_time_up = self.is_open
        return Said.DONE

    def void(self, act: Act) -> Said:
        """The chair takes the ballot of `on` out of the round."""
        if not self.is_open or self.is_time_up or act.version != self.number:
            return Said.REFUSED
        if act.on not in self.ballots:
            return Said.UNCHANGED
        self._void(act.on)
        return Said.DONE

    def _void(self, who: str) -> None:
        self.ballots.discard(who)
        self.events["ballot_voided"] += 1

    def _close_if_over(self) -> None:
        if self.is_time_up:
            self._close()

    def _close(self) -> None:
        counted: dict[str, dict[str, int]] = {item: {} for item in self.items}
        for (who, item), (options, _, _) in self.votes.items():
            if who not in self.ballots:
                continue
            self.events["vote_revealed"] += 1
            for option in options:
                counted[item][option] = counted[item].get(option, 0) + 1
        self.tallies[self.number] = counted
        self.events["round_closed"] += 1
        self.is_open = self.is_time_up = False
        self.ballots, self.votes = set(), {}

    # --- Conflicts of interest: of `on`, for the scope in `options`, at the level in `text`

    def manage(self, act: Act) -> Said:
        if act.on not in self.roles:
            return Said.REFUSED
        key = (act.on, act.options[0])
        if self.levels.get(key) == act.text:
            return Said.DONE
        self.levels[key] = act.text
        self.events["conflict_managed"] += 1
        if act.text != DISCLOSURE:
            self._close_if_over()
            if self.is_open and act.on in self.ballots:
                self._void(act.on)
        return Said.DONE

    # --- People: `on` is the person, `text` the role

    def join(self, act: Act) -> Said:
        if act.on in self.roles:
            return Said.REFUSED
        self.roles[act.on] = act.text
        self.events["member_added"] += 1
        return Said.DONE

    def invite(self, act: Act) -> Said:
        if act.on in self.roles or act.on in self.invited:
            return Said.REFUSED
        self.invited[act.on] = act.text
        self.events["member_invited"] += 1
        return Said.DONE

    def accept(self, act: Act) -> Said:
        """`by` follows the link of the letter."""
        if act.by not in self.invited:
            return Said.UNCHANGED
        self.join(Act("join", act.by, act.by, text=self.invited.pop(act.by)))
        self.events["invitation_accepted"] += 1
        return Said.DONE

    def change_role(self, act: Act) -> Said:
        if act.on not in self.roles:
            return Said.REFUSED
        if self.roles[act.on] != act.text:
            self.roles[act.on] = act.text
            self.events["role_changed"] += 1
        return Said.DONE

    def leave(self, act: Act) -> Said:
        if act.on not in self.roles:
            return Said.REFUSED
        del self.roles[act.on]
        self.events["member_ended"] += 1
        return Said.DONE

    # --- The question: its status, and the evidence that is frozen while the panel votes

    def begin(self, act: Act) -> Said:
        if self.status != "evidence":
            return Said.REFUSED
        self.status = "voting"
        self.events["status_changed"] += 1
        return Said.DONE

    def reopen(self, act: Act) -> Said:
        """Back to the evidence, which no open round allows."""
        if self.status != "voting" or (self.is_open and not self.is_time_up):
            return Said.REFUSED
        self._close_if_over()
        self.status = "evidence"
        self.events["status_changed"] += 1
        return Said.DONE

    def edit(self, act: Act) -> Said:
        """Write `text` over the evidence of the first item, having seen revision `version`."""
        if act.text == self.text:
            return Said.DONE
        if self.status == "voting":
            return Said.REFUSED
        if act.version != self.revision:
            return Said.STALE
        self.text, self.revision = act.text, self.revision + 1
        self.events["texts_edited"] += 1
        return Said.DONE

    def upload(self, act: Act) -> Said:
        """Send a table of studies that `text` tells from others."""
        if self.status == "voting":
            return Said.REFUSED
        if act.text not in self.files:
            self.files.add(act.text)
            self.events["upload_staged"] += 1
        return Said.DONE

    # --- Reading

    def look(self, act: Act) -> Said:
        return Said.DONE if act.by in self.roles else Said.REFUSED


def agrees(expected: Said, answered: Said) -> bool:
    if expected is Said.UNCHANGED:
        return answered in {Said.DONE, Said.REFUSED}
    return answered is expected


def explained(
    before: PanelModel, answers: Sequence[tuple[Act, Said]], facts: Mapping[str, Any]
) -> PanelModel | None:
    """The model after these acts, done at once, in an order that fits every answer and what is stored; None if none."""
    if not answers:
        return before if before.facts() == facts else None
    for n, (act, answered) in enumerate(answers):
        after = deepcopy(before)
        if agrees(after.do(act), answered):
            found = explained(after, [*answers[:n], *answers[n + 1 :]], facts)
            if found is not None:
                return found
    return None
