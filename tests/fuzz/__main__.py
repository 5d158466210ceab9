"""``python -m tests.fuzz --minutes 30``: the longer campaign, and what each parser was given."""

import sys
import time
import traceback
from collections import Counter

import click
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.parsers import PARSERS, Parser
from tests.fuzz.test_parsers import tried

_AT_A_TIME = 200  # examples before the next parser has its turn


@click.command()
@click.option("--minutes", default=30.0, show_default=True, help="How long.")
@click.option("--only", metavar="NAME", help="One parser alone.")
def main(minutes: float, only: str | None) -> None:
    """Give each parser in turn what hypothesis makes up, and tell how much that was."""
    counts: Counter[str] = Counter()
    faults: dict[str, str] = {}
    end, turn = time.monotonic() + 60 * minutes, 0
    chosen = [parser for parser in PARSERS if only in (None, parser.name)]
    while time.monotonic() < end:
        for parser in chosen:
            if parser.name not in faults and time.monotonic() < end:
                _try(parser, turn, counts, faults)
        turn += 1
    for parser in chosen:
        print(
            f"{parser.name:<16}{counts[parser.name]:>12,}  {faults.get(parser.name, '')}".rstrip()
        )
    print(f"{'all':<16}{counts.total():>12,}  in {minutes:g} minutes, {len(faults)} faults")
    sys.exit(bool(faults))


def _try(parser: Parser, turn: int, counts: Counter[str], faults: dict[str, str]) -> None:
    @seed(turn)
    @settings(
        max_examples=_AT_A_TIME,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.given)
    def one(given: object) -> None:
        counts[parser.name] += 1
        tried(parser, given)

    try:
        one()
    except Exception as error:
        faults[parser.name] = f"{type(error).__name__}: {error}".splitlines()[0]
        traceback.print_exc()


if __name__ == "__main__":
    main()
