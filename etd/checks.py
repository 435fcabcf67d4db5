"""System checks: the framework files are valid, and every key that the database holds exists in its framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.db import connections

from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.frameworks import Framework, FrameworkError, UnknownKey, all_frameworks, get_framework
from etd.installation.contents import waiting_migrations
from etd.models import (
    ConclusionSection,
    CriterionAssessment,
    Judgement,
    OutcomeTable,
    OwnFramework,
    Question,
    Recommendation,
    Vote,
    VotingRound,
)


def check_frameworks(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    try:
        all_frameworks()
    except FrameworkError as error:
        return [Error(str(error), id="etd.E001")]
    return []


def check_proxies(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Can it be told from where passwords are guessed?"""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return []
    told = "Guesses of passwords are counted by account alone: OPENETD_TRUSTED_PROXIES names no proxies."
    return [
        Info(told, id="etd.I001", hint=".env.example tells what to set, and what your proxy has to send.")
    ]


def check_stored_keys(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Where migrations wait, `migrate` asks, and the tables are those of an older release: nothing can be read yet."""
    problems: list[str] = []
    for alias in databases or []:
        if not waiting_migrations(connections[alias]):
            problems += _unknown_keys(alias)
    return [Error(problem, id="etd.E003") for problem in problems]


def _unknown_keys(alias: str) -> list[str]:
    problems: list[str] = []
    for framework, used_by in _frameworks_of(Question, alias, problems):
        of_framework = {f"question__{name}": value for name, value in used_by.items()}
        known = {
            CriterionAssessment: ("criterion_key", {c.key for c in framework.criteria}),
            OutcomeTable: ("criterion_key", {c.key for c in framework.criteria}),
            ConclusionSection: ("section_key", {s.key for s in framework.sections}),
            Recommendation: ("type_key", {"", *(t.key for t in framework.recommendation_types)}),
        }
        for model, (field, keys) in known.items():
            stored = model._default_manager.using(alias).filter(**of_framework).values_list(field, flat=True)
            problems += [
                f"{framework.name} has no {field} '{k}'" for k in sorted(set(stored.distinct()) - keys)
            ]
        judged = (
            Judgement.objects.using(alias)
            .filter(**{f"assessment__{name}": value for name, value in of_framework.items()})
            .values_list("assessment__criterion_key", "option_key")
            .distinct()
        )
        problems += _unknown_options(framework, judged)
    for framework, used_by in _frameworks_of(VotingRound, alias, problems):
        problems += _unknown_options(framework, _voted(alias, used_by))
    return problems


def _frameworks_of(
    model: type[Question | VotingRound], alias: str, problems: list[str]
) -> Iterator[tuple[Framework, dict[str, Any]]]:
    """Every framework that questions or rounds name, with the fields that name it; one that is gone is a problem."""
    names = ("framework_key", "framework_version", "own_framework")
    for values in model._default_manager.using(alias).values_list(*names).distinct().order_by():
        used_by = dict(zip(names, values, strict=True))
        own = used_by["own_framework"]
        try:
            if own is None:
                yield get_framework(used_by["framework_key"], used_by["framework_version"]), used_by
            else:
                yield OwnFramework.objects.using(alias).get(pk=own).framework, used_by
        except (UnknownKey, FrameworkError) as error:
            problems.append(str(error))


def _voted(alias: str, used_by: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    """Pairs of item and option that rounds ask about and votes name; None where no option is named."""
    asked = VotingRound.objects.using(alias).filter(**used_by).values_list("item_keys", flat=True)
    votes = Vote.objects.using(alias).filter(
        **{f"ballot__round__{name}": value for name, value in used_by.items()}
    )
    return {(key, None) for keys in asked for key in keys} | {
        (item_key, option_key)
        for item_key, option_keys in votes.values_list("item_key", "option_keys")
        for option_key in option_keys or [None]
    }


def _unknown_options(framework: Framework, pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    problems = set()
    for item_key, option_key in pairs:
        try:
            if item_key == RECOMMENDATION_TYPE_ITEM:
                if option_key is not None:
                    framework.recommendation_type(option_key)
            else:
                criterion = framework.criterion(item_key)
                if option_key is not None:
                    criterion.option(option_key)
        except UnknownKey as error:
            problems.add(str(error))
    return sorted(problems)
