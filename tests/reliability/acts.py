"""Random acts of a panel, chosen so that they meet: what A1 does one by one and A2 at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from uuid import UUID

from tests.reliability.model import DISCLOSURE, Act, PanelModel

MOVING = ("member", "colleague", "observer", "newcomer")
PEOPLE = ("chair", "second", *MOVING)
LEVELS = (DISCLOSURE, "no_vote", "excluded")
REASONS = ("", "p<0.05 & `<median`", "Because of harm.")
FILES = ("Alpha", "Beta", "Gamma")

Weights = Mapping[str, float]


def one_by_one(model: PanelModel) -> Weights:
    """How often each act is drawn: mostly what may be done now, now and then what may not."""
    voting = model.status == "voting"
    return {
        "vote": 12 if model.is_open else 1,
        "vote_of_anybody": 4,
        "replay": 4,
        "open": 6 if voting and not model.is_open else 0.7,
        "close": 1.2 if model.is_open else 0.4,
        "time_up": 0.7 if model.is_open else 0,
        "void": 1,
        "manage": 3,
        "join": 2,
        "change_role": 1.5,
        "leave": 1.2,
        "begin": 1 if voting else 4,
        "reopen": 0.5 if model.is_open else 1.5,
        "edit": 1.5 if voting else 6,
        "upload": 1 if voting else 4,
    }


def at_once(model: PanelModel) -> Weights:
    """As one by one, but through pages: there is none to reopen the evidence, and people come by invitation."""
    pages = dict(one_by_one(model)) | {"look": 2, "invite": 2, "accept": 4 if model.invited else 0.2}
    return {kind: weight for kind, weight in pages.items() if kind not in {"join", "reopen", "time_up"}}


class Draw:
    """Draws acts that fit the model as it is now, and remembers votes so that they can be sent again."""

    def __init__(
        self,
        random: Random,
        model: PanelModel,
        options: Mapping[str, tuple[str, ...]],
        weights: Callable[[PanelModel], Weights],
    ) -> None:
        self.random, self.model, self.options, self.weights = random, model, options, weights
        self.votes: list[Act] = []
        # Round to the people who were handed a ballot.
        self.rolls: dict[int, tuple[str, ...]] = {}
        self.n_words = 0

    def act(self) -> Act:
        if self.model.is_open:
            self.rolls.setdefault(self.model.number, tuple(sorted(self.model.ballots)))
        weights = self.weights(self.model)
        while True:
            (kind,) = self.random.choices(list(weights), list(weights.values()))
            if (act := self._act(kind)) is not None:
                return act

    def _act(self, kind: str) -> Act | None:
        """An act of that kind; None where nothing is there to be done with."""
        random, model = self.random, self.model
        if kind in {"vote", "vote_of_anybody", "replay"}:
            return self._opinion(kind)
        if kind in {"close", "void"}:
            return self._about_a_round(kind)
        if kind in {"edit", "upload"}:
            version = model.revision + random.choice([0, 0, 0, 1]) if kind == "edit" else 0
            text = self._words("Trials") if kind == "edit" else random.choice(FILES)
            return Act(kind, "methodologist", text=text, version=version)
        if kind in {"join", "invite", "change_role"}:
            role = random.choice(["panel_member", "panel_member", "observer"])
            return Act(kind, "staff", random.choice(MOVING), text=role)
        if kind == "leave":
            return Act(kind, "staff", random.choice(MOVING))
        if kind == "manage":
            who, scope = random.choice(PEOPLE), random.choice(["guideline", "question"])
            # A chair's own conflict is the other chair's to decide about.
            by = "chair" if who == "second" else "second"
            return Act(kind, by, who, (scope,), random.choice((DISCLOSURE, *LEVELS)))
        if kind == "accept":
            return Act(kind, random.choice(sorted(model.invited))) if model.invited else None
        return Act(kind, random.choice(PEOPLE) if kind == "look" else "chair")

    def _opinion(self, kind: str) -> Act | None:
        if kind == "replay":
            return self.random.choice(self.votes) if self.votes else None
        if kind == "vote":
            return self._vote(sorted(self.model.ballots)) if self.model.ballots else None
        return self._vote(PEOPLE, behind=self.random.choice([0, 0, 1]))

    def _about_a_round(self, kind: str) -> Act | None:
        """The newest round, now and then an earlier one."""
        if not self.rolls:
            return None
        number = self.random.choice([*self.rolls, max(self.rolls)])
        on = self.random.choice(self.rolls[number]) if kind == "void" else ""
        return Act(kind, "chair", on, version=number)

    def _vote(self, people: tuple[str, ...] | list[str], behind: int = 0) -> Act:
        """Mostly a new opinion with words of its own; now and then the stored one, or two options."""
        random = self.random
        who, item = random.choice(people), random.choice(list(self.options))
        version = self.model.votes.get((who, item), ((), "", 0))[2] + behind
        n = random.choice([0, 1, 1, 1, 1, 1, 2])
        options = tuple(random.sample(self.options[item], n))
        reason = random.choice([*REASONS, self._words(who)])
        op = str(UUID(int=random.getrandbits(128), version=4))
        act = Act("vote", who, item, options, reason, version, op)
        self.votes.append(act)
        return act

    def _words(self, who: str) -> str:
        """Words that nobody has said before, to be looked for where they must not be."""
        self.n_words += 1
        return f"Words{self.n_words} of {who}."
