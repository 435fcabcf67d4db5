"""What in a framework file still awaits a methodologist's check, in words: for the docs and for who writes a file."""

from __future__ import annotations

from collections.abc import Iterator

from etd.frameworks.schema import Criterion, Framework


def awaiting_check(framework: Framework) -> tuple[tuple[str, str], ...]:
    """Pairs of a place and the words there that nobody has checked, in the order of the file."""
    return tuple(_of_framework(framework))


def _of_framework(framework: Framework) -> Iterator[tuple[str, str]]:
    if framework.awaits_check:
        yield "criteria", "which there are, and their order"
    if framework.headings_await_check:
        yield "headings", framework.headings.type_of_recommendation
    for field in framework.question_fields:
        if field.awaits_check:
            yield "question field", field.heading
    for criterion in framework.criteria:
        yield from _of_criterion(criterion)
    for recommendation_type in framework.recommendation_types:
        if recommendation_type.awaits_check:
            yield "type", recommendation_type.label
    for section in framework.sections:
        if section.awaits_check:
            yield "section", section.heading


def _of_criterion(criterion: Criterion) -> Iterator[tuple[str, str]]:
    if criterion.awaits_check:
        labels = " · ".join(option.label for option in criterion.options)
        yield "criterion", f"{criterion.heading}: {labels}"
    if criterion.prompt_awaits_check:
        yield f"prompt of {criterion.heading}", criterion.prompt
    for option in criterion.options:
        if option.awaits_check:
            yield f"option of {criterion.heading}", option.label
    for prompt in criterion.help_awaits_check:
        yield f"help of {criterion.heading}", prompt


def table(frameworks: tuple[Framework, ...]) -> str:
    """A Markdown table of everything that awaits a check."""
    rows = [
        f"| {framework.name} | {place} | {words} |"
        for framework in frameworks
        for place, words in awaiting_check(framework)
    ]
    return "\n".join(["| framework | place | words |", "|---|---|---|", *rows])
