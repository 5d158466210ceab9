"""What a class is to do, and where."""

from dataclasses import dataclass, field

from opendata_hub.engine import Engine
from opendata_hub.rehearsal.homes import Homes
from opendata_hub.rehearsal.hub import Hub
from opendata_hub.rehearsal.ledger import Ledger
from opendata_hub.rehearsal.notebook import Notebook


@dataclass(frozen=True)
class Ground:
    """
    Where a class is played.

    Attributes:
        hub: its API.
        ledger: what is made is noted there.
        engine: of the servers; None where it is not to be had.
        homes: of the students.
        reserve: bytes of memory that the hub promises to nobody.
    """

    hub: Hub
    ledger: Ledger
    engine: Engine | None
    homes: Homes
    reserve: int = 2**30


@dataclass(frozen=True)
class Plan:
    """
    What the class does.

    Attributes:
        users: its students, who are made for it.
        image: slug that all choose; None for the hub's default.
        group: that they join, for the image's sake.
        password: of the whole class; without it each gets a token.
        patience: seconds that a student waits for the notebook, and then for its end.
        even_if_in_use: do not mind who else is here.
    """

    users: tuple[str, ...]
    notebook: Notebook
    image: str | None = None
    group: str | None = None
    password: str | None = field(default=None, repr=False)
    patience: float = 300.0
    even_if_in_use: bool = False

    @property
    def options(self) -> dict[str, str]:
        """Of each start."""
        return {"image": self.image} if self.image else {}
