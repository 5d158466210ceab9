"""Which tests stay together when several workers run them at once."""

import re
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling

TIERS = ("images", "vm", "wheel", "browser", "attacks", "faults", "login", "hub", "engine", "data",
         "unit", "fuzz")  # fmt: skip
"""The longest first, so that no worker has one left in the end."""

SHARED = ("images", "vm", "browser", "attacks")
"""Tiers whose files share what is dear: images that are built once, hubs, engines, Chromium, the
address of a machine."""


WIRED = ("tests/faults/test_engine.py", "tests/hub/test_troubles.py")
"""Files with an engine that has a wire: its addresses are there once."""


class Spreading(LoadScopeScheduling):
    """Keeps the tests of a file together, in their order: a module's hub is started once."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # ours is better than by number

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


def together(nodeid: str) -> str:
    """Name of the group that a test stays with."""
    file = nodeid.partition("::")[0]
    if tier(nodeid) in SHARED:
        return tier(nodeid)
    if file in WIRED:
        return "wired"
    # The environments of the tier wheel are its files' common ground, one for each hub.
    version = re.search(r"\[.*(hub \d+\.\d+)", nodeid)
    return version[1] if version and tier(nodeid) == "wheel" else file


def tier(nodeid: str) -> str:
    """The folder of a test."""
    parts = nodeid.split("/")
    return parts[1] if len(parts) > 2 else ""


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Tests sorted by tier, else as they were found."""
    known = {name: number for number, name in enumerate(TIERS)}
    return sorted(items, key=lambda item: known.get(tier(item.nodeid), -1))
