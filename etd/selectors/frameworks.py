"""The frameworks that a guideline's questions can be judged by: its own versions and those that are shipped."""

from __future__ import annotations

from dataclasses import dataclass

from etd.frameworks import Framework, all_frameworks, offered_frameworks
from etd.frameworks.overlay import Changes
from etd.models import Guideline, KeptPart, OwnFramework, Question


@dataclass(frozen=True)
class FrameworkChoice:
    """One framework to choose; `own` is the stored version of a guideline's own, None for a shipped one."""

    key: str
    version: int
    framework: Framework
    own: OwnFramework | None = None

    @property
    def value(self) -> str:
        """What a form and an address call it: "own:3", or "KEY:VERSION" of a shipped one."""
        return f"own:{self.own.version}" if self.own else f"{self.key}:{self.version}"

    @property
    def title(self) -> str:
        return f"{self.framework.title}, version {self.own.version}" if self.own else self.framework.title


@dataclass(frozen=True)
class OwnVersionView:
    """One version of a guideline's own framework: what it was made from, by whom, and how many questions use it."""

    value: str
    title: str
    version: int
    base_title: str
    created_at: str
    created_by: str
    n_hidden: int
    n_own: int
    n_words: int
    n_questions: int


@dataclass(frozen=True)
class KeptPartView:
    heading: str
    former_framework: str
    text: str
    kept_at: str
    kept_by: str


def framework_choices(guideline: Guideline) -> tuple[FrameworkChoice, ...]:
    """What a question can begin with or move to: the newest own version, then what is shipped and not retired."""
    newest = OwnFramework.objects.filter(guideline=guideline).order_by("version").last()
    own = (_own(newest),) if newest else ()
    return own + tuple(_shipped(framework, guideline) for framework in offered_frameworks())


def find_framework(guideline: Guideline, value: str) -> FrameworkChoice | None:
    """The framework that an address or a form names, older versions among them; None where there is none."""
    key, _, version = value.partition(":")
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        return None
    if key == "own":
        own = OwnFramework.objects.filter(guideline=guideline, version=int(version)).first()
        return _own(own) if own else None
    shipped = (f for f in all_frameworks() if (f.key, f.version) == (key, int(version)))
    return next((_shipped(framework, guideline) for framework in shipped), None)


def current_framework(question: Question) -> FrameworkChoice:
    return FrameworkChoice(
        question.framework_key, question.framework_version, question.framework, question.own_framework
    )


def own_versions(guideline: Guideline) -> tuple[OwnVersionView, ...]:
    """Every version of the guideline's own framework, the newest first, in two queries."""
    used: dict[int, int] = {}
    for pk in Question.objects.filter(guideline=guideline, own_framework__isnull=False).values_list(
        "own_framework_id", flat=True
    ):
        used[pk] = used.get(pk, 0) + 1
    titles = {(framework.key, framework.version): framework.title for framework in all_frameworks()}
    return tuple(
        _version(own, titles.get((own.base_key, own.base_version), own.base_key), used.get(own.pk, 0))
        for own in OwnFramework.objects.filter(guideline=guideline)
        .select_related("created_by")
        .order_by("-version")
    )


def kept_parts(question: Question) -> tuple[KeptPartView, ...]:
    """What had no place in the framework that the question was moved to, in one query."""
    parts = KeptPart.objects.filter(question=question).select_related("kept_by").order_by("pk")
    return tuple(
        KeptPartView(
            part.heading, part.former_framework, part.text, f"{part.kept_at:%-d %B %Y}", str(part.kept_by)
        )
        for part in parts
    )


def _own(own: OwnFramework) -> FrameworkChoice:
    return FrameworkChoice(own.base_key, own.base_version, own.framework, own)


def _shipped(framework: Framework, guideline: Guideline) -> FrameworkChoice:
    return FrameworkChoice(framework.key, framework.version, framework.worded(guideline.strength_word))


def _version(own: OwnFramework, base_title: str, n_questions: int) -> OwnVersionView:
    changes = Changes.from_json(own.changes)
    return OwnVersionView(
        value=f"own:{own.version}",
        title=own.title,
        version=own.version,
        base_title=base_title,
        created_at=f"{own.created_at:%-d %B %Y}",
        created_by=str(own.created_by),
        n_hidden=len(changes.hidden_criteria) + len(changes.hidden_sections),
        n_own=len(changes.own_criteria),
        n_words=len(changes.words),
        n_questions=n_questions,
    )
