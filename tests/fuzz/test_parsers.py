"""Whatever comes in is read, or refused with a sentence; and soon."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from opendata_hub import fields
from opendata_hub.errors import ConfigError
from tests.fuzz.parsers import PARSERS, Parser

LONGEST = 20.0  # seconds for what takes milliseconds: only what never ends takes so long


def tried(parser: Parser, given: object) -> None:
    """Read it once; all that is no refusal with a sentence goes up."""
    begun = time.process_time()
    try:
        parser.parse(given)
    except parser.refusals as error:
        assert str(error).strip(), f"{type(error).__name__} without a sentence"
    assert time.process_time() - begun < LONGEST


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_whatever_comes_in_is_read_or_refused(parser: Parser) -> None:
    """By a sentence, never by another error; ``python -m tests.fuzz`` tries for longer."""

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.given)
    def one(given: object) -> None:
        tried(parser, given)

    one()


BOMBS = {
    "laughs": "".join(
        f"k{n}: &k{n} [{', '.join([f'*k{n - 1}' if n else 'ha'] * 9)}]\n" for n in range(12)
    ),
    "itself": "images: &a [*a]\n",
    "deep": "images: " + "[" * 5000,
    "long": "# " + "x" * 2**21,
    "number": "limits: {processes: " + "9" * 5000 + "}\n",
    "day": "classes: [{start: 2026-13-45}]\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_would_grow_without_end_is_refused(bomb: str, tmp_path: Path) -> None:
    """In a moment, in a few bytes of memory, in a sentence with its name."""
    file = tmp_path / "hub.yaml"
    file.write_text(BOMBS[bomb])

    with pytest.raises(ConfigError, match=r"^/.*hub\.yaml .*\.$"):
        fields.read_yaml(file)
