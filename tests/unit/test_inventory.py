"""The engine's facts about images."""

from datetime import datetime, timezone

import pytest

from opendata_hub.machine.inventory import moment


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-21T23:46:20.046174399Z", 46174),
        ("2026-11-21T23:46:20Z", 0),
        ("2026-11-21T23:46:20.5Z", 500000),
        ("2026-11-22T01:46:20.046174399+02:00", 46174),
        ("2026-11-21T18:46:20-05:00", 0),
    ],
)
def test_a_moment_is_read_as_engines_write_it(text: str, microsecond: int) -> None:
    """In UTC or in the engine's own zone, with as many digits as it likes."""
    assert moment(text) == datetime(2026, 11, 21, 23, 46, 20, microsecond, timezone.utc)
