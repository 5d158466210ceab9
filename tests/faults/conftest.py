"""How a fault is told."""

from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.faults.trouble import Outcome

Tell = Callable[[Outcome], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Hands an outcome to who makes the table, and asserts what must be so after any fault."""

    def tell(outcome: Outcome) -> None:
        record_property("fault", asdict(outcome))
        print(outcome.fault, outcome.files, len(outcome.lost), outcome.seconds)
        assert not outcome.lost, f"{len(outcome.lost)} lost: {outcome.lost[:9]}"
        assert outcome.back == outcome.servers

    return tell
