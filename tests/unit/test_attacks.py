"""The page of attacks and the tests that try them say the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "attacks.md"
PLACES = (*sorted(ROOT.glob("tests/attacks/test_*.py")), ROOT / "tests/browser/test_scripts.py")


def attacks() -> Iterator[tuple[str, str]]:
    """What each test tries, and what happens: the two halves of its docstring."""
    for place in PLACES:
        for node in ast.parse(place.read_text("utf-8")).body:
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and node.name.startswith("test_"):
                tried, _, happened = (ast.get_docstring(node) or "").partition(": ")
                yield " ".join(tried.split()), " ".join(happened.split()).rstrip(".")


def rows() -> list[list[str]]:
    """Rows of the tables of attacks: tried, what happens, what stops it."""
    lines = PAGE.read_text("utf-8").splitlines()
    tables = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return [row for row in tables if len(row) == 3 and row[0] != "tried" and set(row[0]) != {"-"}]


def test_each_attack_is_told() -> None:
    """Each test of an attack is a row of the page, in the test's own words, and no row is more."""
    told = [(tried, happened) for tried, happened, _ in rows()]

    assert sorted(told) == sorted(attacks())


def test_each_row_says_what_stops_it() -> None:
    """Whoever reads that an attack fails reads why."""
    assert all(stopped.strip() for *_, stopped in rows())
