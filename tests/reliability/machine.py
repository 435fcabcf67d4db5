"""Any history of a round against a plain model: `python -m tests.reliability.machine EXAMPLES`.

A1: the state machine of tests/unit/etd/test_voting.py, with many more examples than the tests run. A3, its control:
with recusals left out when ballots are given, the machine must find a recused member's vote.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest import mock

import django

django.setup()

from hypothesis import HealthCheck, Phase, settings  # noqa: E402 -- after the set-up
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

from etd.actions import rounds  # noqa: E402
from etd.models import Recusal  # noqa: E402
from tests.unit.etd.test_voting import Round  # noqa: E402

STEPS = 40
CONTROL_EXAMPLES = 200


class Counted(Round):
    steps = 0

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        type(self).steps += 1
        super().check_invariants(*arguments, **options)


def run(examples: int) -> str:
    """What the machine complains of, "" where every history came out as the model says."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        derandomize=True,
        # Found is enough: making the shortest example of a failure takes minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Counted, settings=chosen)
    except Exception as error:
        return repr(error)
    return ""


def main(examples: int) -> dict[str, Any]:
    complaint = run(examples)
    steps = Counted.steps
    with mock.patch.object(rounds, "recusals", return_value=Recusal.objects.none()):
        control = run(CONTROL_EXAMPLES)
    return {"examples": examples, "steps": steps, "complaint": complaint, "control_complaint": control}


if __name__ == "__main__":
    # Hypothesis tells its story of a failure on standard output; ours is the last line.
    print(f"\n{json.dumps(main(int(sys.argv[1])))}")  # noqa: T201 -- the result
