"""Every test can fail for a reason: it asserts something, and more than that a page answered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import files_of_tests, name, tree

# Calls that assert: pytest's own, Django's and the mocks' assert_…, Playwright's expect, and a test's own functions
# that say in their name that they check.
CHECKING = (
    "assert",
    "expect",
    "check",
    "raises",
    "warns",
    "fail",
    "run_state_machine_as_test",
    "django_assert",
)


def functions_that_test(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_about_the_status_alone(check: ast.Assert) -> bool:
    test = check.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Attribute)
        and test.left.attr == "status_code"
        and all(isinstance(comparator, ast.Constant) for comparator in test.comparators)
    )


def asserts_something(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not is_about_the_status_alone(node):
            return True
        if isinstance(node, ast.Call) and called(node).lstrip("_").startswith(CHECKING):
            return True
    return False


def is_the_matrix(path: Path) -> bool:
    """The table of every page and every role is about statuses, and there alone they are enough."""
    return path.stem == "test_matrix"


def test_every_test_asserts_more_than_a_status() -> None:
    found = [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in files_of_tests()
        if not is_the_matrix(path)
        for function in functions_that_test(tree(path))
        if not asserts_something(function)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("body", "enough"),
    [
        ("client.get('/')", False),
        ("assert client.get('/').status_code == 200", False),
        ("response = client.get('/')\n    assert response.status_code == 404", False),
        ("assert response.status_code == 200\n    assert b'x' in response.content", True),
        ("assert (response.status_code, response['Location']) == (302, '/')", True),
        ("with pytest.raises(Http404): view()", True),
        ("expect(page).to_have_title('x')", True),
    ],
)
def test_what_is_enough(body: str, enough: bool) -> None:
    (function,) = functions_that_test(ast.parse(f"def test_x(client):\n    {body}\n"))
    assert asserts_something(function) == enough
