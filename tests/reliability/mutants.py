"""Each rule about who may do what, switched off in turn: at least one test must fail, or nothing watches over it.

As a plugin of pytest (`-p tests.reliability.mutants`) it changes one module as it is imported; no file is touched.
So it may import nothing of Django's. `python -m tests.reliability.mutants` tries all, or those that are named.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
VARIABLE = "OPENETD_MUTANT"
TABLE = "tests/unit/etd/test_permissions.py"
PAGES = "tests/integration/test_access.py"
RENEWAL = "tests/integration/test_renewal.py"
CODES = "tests/integration/test_sign_in_codes.py"
PEOPLE = "tests/integration/test_people.py"
RESULTS = "tests/unit/etd/test_results.py"
HERE = 'guideline=OuterRef("guideline"), user=user, ended_at__isnull=True'
MINE = "guideline__slug=guideline_slug, user=user, ended_at__isnull=True"


@dataclass(frozen=True)
class Mutant:
    """In `module`, `old` (which stands there) becomes `new`; `tests` are those of which one must fail."""

    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def file(self) -> Path:
        return ROOT / f"{self.module.replace('.', '/')}.py"


RULES = (
    Mutant("a role is asked", "etd.permissions", "if not access.may(permission):", "if False:", (TABLE,)),
    Mutant("what is frozen", "etd.permissions", "part and is_frozen", "False and is_frozen", (TABLE,)),
    Mutant("a member of this guideline", "etd.permissions", HERE, HERE.replace("user=user, ", ""), (TABLE,)),
    Mutant("an ended role", "etd.permissions", HERE, HERE.replace(", ended_at__isnull=True", ""), (TABLE,)),
    Mutant(
        "a member, on a guideline's page",
        "etd.permissions",
        MINE,
        MINE.replace("user=user, ", ""),
        (f"{PAGES}::test_a_stranger_cannot_tell_a_question_from_nothing",),
    ),
    Mutant(
        "an ended role, on a guideline's page",
        "etd.permissions",
        MINE,
        MINE.replace(", ended_at__isnull=True", ""),
        (f"{PAGES}::test_a_stranger_cannot_tell_a_question_from_nothing",),
    ),
    Mutant(
        "acts that ask again", "etd.permissions", "if permission in RENEWED else", "if False else", (RENEWAL,)
    ),
    Mutant("a form asks again", "etd.renewal", "if request.method in READING:", "if True:", (RENEWAL,)),
    Mutant(
        "a right password",
        "etd.throttle",
        "if check_password(password, user.password):",
        "if True:",
        (RENEWAL,),
    ),
    Mutant("ten minutes", "etd.sessions", "age < timedelta(seconds=PROOF_SECONDS)", "age", (RENEWAL,)),
    Mutant("administrators ask again", "etd.gates", 'match.app_name != "admin"', "True", (RENEWAL,)),
    Mutant("an idle hour", "etd.sessions", "if age <= settings.IDLE_SECONDS:", "if True:", (CODES,)),
    Mutant(
        "roles that need codes",
        "etd.sessions",
        "bool(settings.REQUIRE_TOTP_FOR) and (",
        "False and (",
        (CODES,),
    ),
    Mutant(
        "a code after the password",
        "etd.views.account",
        "if one_time_codes.has_codes(user):\n            sessions",
        "if False:\n            sessions",
        (CODES,),
    ),
    Mutant(
        "guesses by address",
        "etd.throttle",
        ">= FAILURES_AN_ADDRESS",
        "< 0",
        ("tests/integration/test_guesses.py",),
    ),
    Mutant("a chair's role", "etd.views.people", "if membership.role == Role.CHAIR:", "if False:", (PEOPLE,)),
    Mutant(
        "a chair's invitation",
        "etd.views.people",
        "if invitation.role == Role.CHAIR:",
        "if False:",
        ("tests/integration/test_invitations.py", PEOPLE),
    ),
    Mutant(
        "who begins a guideline",
        "etd.views.guidelines",
        "if not user.is_staff:",
        "if False:",
        (PEOPLE, "tests/integration/test_question_page.py"),
    ),
    Mutant(
        "an open blind round",
        "etd.selectors.held_rounds",
        "role is not None and not one.blind and one.holds_ballot",
        "True",
        (RESULTS,),
    ),
    Mutant(
        "tallies for the chair alone",
        "etd.selectors.held_rounds",
        "role == Role.CHAIR or (role is not None and one.tally_display != TallyDisplay.NONE)",
        "True",
        (RESULTS,),
    ),
    Mutant(
        "what is printed of votes",
        "etd.selectors.held_rounds",
        "over and one.tally_display != TallyDisplay.NONE",
        "over",
        (RESULTS, "tests/integration/test_export_rounds.py"),
    ),
    Mutant(
        "one's own votes",
        "etd.selectors.held_rounds",
        "viewer is not None and vote.ballot.member_id == viewer.pk",
        "viewer is not None",
        (
            RESULTS,
            "tests/unit/etd/test_rounds.py",
            "tests/unit/etd/test_selectors.py",
            "tests/integration/test_round_pages.py",
        ),
    ),
    Mutant(
        "who is excluded",
        "etd.selectors.conflicts",
        "return not _recusals(question, user).filter(level=ConflictLevel.EXCLUDED).exists()",
        "return True",
        ("tests/unit/etd/test_conflicts.py",),
    ),
    Mutant(
        "who is recused",
        "etd.selectors.conflicts",
        "return _recusals(question, user).exists()",
        "return False",
        ("tests/unit/etd/test_conflicts.py", "tests/unit/etd/test_rounds.py"),
    ),
)


def of_the_table() -> tuple[Mutant, ...]:
    """Every permission given to everybody."""
    text = (ROOT / "etd/permissions.py").read_text(encoding="utf-8")
    given = "_EVERYBODY = frozenset({"
    (standing,) = re.findall(re.escape(given) + r"([^}]*)\}", text)
    names = [name for name in re.findall(r"^    ([A-Z_]+) = \"", text, re.MULTILINE) if name not in standing]
    return tuple(
        Mutant(f"{name} for all", "etd.permissions", given, f"{given}Permission.{name}, ", (TABLE,))
        for name in names
    )


def all_mutants() -> tuple[Mutant, ...]:
    return (*RULES, *of_the_table())


def fails(mutant: Mutant, tests: Sequence[str], *, mutated: bool = True) -> bool | None:
    """Does a test fail? None where the tests could not be run, which tells nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider"]
    own = {VARIABLE: mutant.name if mutated else "", "TEST_DATABASE": "sqlite"}
    done = subprocess.run(
        [*command, "-p", "tests.reliability.mutants", *tests],
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return {0: False, 1: True}.get(done.returncode)


def survivors(mutants: Sequence[Mutant]) -> list[str]:
    return [one.name for one in mutants if fails(one, one.tests) is not True]


def _change(mutant: Mutant) -> None:
    """Compile the mutant's module from its changed text; Python's own cache of it is passed by."""
    original = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        if fullname != mutant.module:
            return original(loader, fullname)
        source = mutant.file.read_text(encoding="utf-8")
        return compile(source.replace(mutant.old, mutant.new), str(mutant.file), "exec")

    patched: Any = get_code
    SourceFileLoader.get_code = patched  # type: ignore[method-assign]


if named := os.environ.get(VARIABLE):
    _change(next(one for one in all_mutants() if one.name == named))


if __name__ == "__main__":
    chosen = [one for one in all_mutants() if not sys.argv[1:] or one.name in sys.argv[1:]]
    for one in chosen:
        sys.stdout.write(f"{one.name}: {'caught' if fails(one, one.tests) else 'SURVIVED'}\n")
        sys.stdout.flush()
