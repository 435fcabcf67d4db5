"""The check of every audit trail, with votes and rounds, for whoever asks whether all that is stored is whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from etd.actions.audit import SITE_CHAIN, ChainFault, chain_name, verify_chain
from etd.actions.verification import verify_guideline
from etd.models import Guideline


def check_trails(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A message for each fault."""
    if not databases:
        return []
    faults = [*verify_chain(SITE_CHAIN)]
    for guideline in Guideline.objects.order_by("slug"):
        faults += _faults(guideline)
    return [Error(f"{fault.chain}, event {fault.seq}: {fault.problem}", id="etd.E005") for fault in faults]


def _faults(guideline: Guideline) -> list[ChainFault]:
    try:
        return verify_guideline(guideline)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        chain = chain_name(guideline)
        told = f"cannot be read to its end: {type(error).__name__}: {error}"
        return [*verify_chain(chain), ChainFault(chain, 0, told)]
