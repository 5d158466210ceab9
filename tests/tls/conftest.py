"""What the tests of this tier share: something in the hub's place."""

from collections.abc import Iterator

import pytest

from tests.tls.house import standing_in


@pytest.fixture(scope="session")
def hub() -> Iterator[int]:
    """The port of something in the hub's place, which tells what it was asked."""
    with standing_in() as port:
        yield port
