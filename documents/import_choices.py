"""What is chosen before a document is imported: by which framework it is read, and the address of the question."""

from __future__ import annotations

from django.utils.text import slugify

from documents.importing import ImportedEtd
from etd.frameworks import Framework, all_frameworks
from etd.models import Guideline
from etd.selectors.frameworks import FrameworkChoice, framework_choices

_LONGEST_SLUG = 80


def frameworks_to_read_by(guideline: Guideline) -> tuple[FrameworkChoice, ...]:
    """Own frameworks and those that are offered, then older versions: a document keeps the words it was made in."""
    offered = framework_choices(guideline)
    known = {(choice.key, choice.version) for choice in offered if choice.own is None}
    older = sorted(
        (framework for framework in all_frameworks() if (framework.key, framework.version) not in known),
        key=lambda framework: -framework.version,
    )
    return offered + tuple(
        FrameworkChoice(one.key, one.version, one.worded(guideline.strength_word)) for one in older
    )


def choice_of(framework: Framework, choices: tuple[FrameworkChoice, ...]) -> FrameworkChoice:
    """The choice that a document was read by."""
    return next(choice for choice in choices if choice.framework is framework)


def suggested_slug(etd: ImportedEtd) -> str:
    """An address from the title, cut at a word; never empty."""
    whole = slugify(etd.title)
    if len(whole) <= _LONGEST_SLUG:
        return whole or "imported"
    return whole[: _LONGEST_SLUG + 1].rpartition("-")[0] or whole[:_LONGEST_SLUG]
