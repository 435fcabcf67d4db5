"""`manage.py check_framework FILE`: can this framework file be used, and what is in it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.frameworks import Framework, FrameworkError, load_file
from etd.frameworks.awaiting import awaiting_check


class Command(BaseCommand):
    help = "Check a framework file. Exit status 1 where it cannot be used, with the place and what is wrong."
    requires_system_checks: list[str] = []  # a wrong file in use is what this command helps with

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, **options: Any) -> None:
        try:
            framework = load_file(options["file"])
        except FrameworkError as error:
            raise CommandError(str(error), returncode=1) from error
        for line in summary(framework):
            self.stdout.write(line)


def summary(framework: Framework) -> list[str]:
    """The framework in a few lines, with all criteria, options and types by their labels."""
    lines = [f"{framework.name}: {framework.title} ({framework.language})"]
    lines += [f"  {framework.description}"] if framework.description else []
    lines += ["  retired: not offered for new questions"] if framework.retired else []
    for number, criterion in enumerate(framework.criteria, start=1):
        about = [str(criterion.role)] if criterion.role else []
        about += ["certainty"] if criterion.certainty else []
        said = f" [{', '.join(about)}]" if about else ""
        lines.append(f"{number:3}. {criterion.heading}{said}: {criterion.prompt}")
        lines.append("     " + " · ".join(option.label for option in criterion.options))
    lines.append(
        f"{framework.headings.type_of_recommendation}: "
        + " · ".join(choice.label for choice in framework.recommendation_types)
    )
    lines.append(
        f"{framework.headings.conclusions}: " + " · ".join(section.heading for section in framework.sections)
    )
    n_awaiting = len(awaiting_check(framework))
    lines.append(f"{n_awaiting} place{' awaits' if n_awaiting == 1 else 's await'} a methodologist's check.")
    return lines
