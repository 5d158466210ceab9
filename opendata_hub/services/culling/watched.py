"""One server that is looked at: what is known of it, and when it stops; no I/O."""

from dataclasses import dataclass, field

from opendata_hub.services.culling.patience import ENDLESS, Patience
from opendata_hub.services.culling.presence import Presence
from opendata_hub.services.culling.record import Record
from opendata_hub.services.culling.verdict import left


@dataclass
class Watched:
    """
    A server.

    Attributes:
        container: the engine's identifier of it.
        since: when it was looked at first, by the clock of the looks.
        patience: what holds for it now; endless during a class.
    """

    container: str
    record: Record
    presence: Presence = field(default_factory=Presence)
    patience: Patience = ENDLESS

    def __post_init__(self) -> None:
        self.since = self.record.clock

    def stops_in(self, clock: float, ahead: float) -> float:
        """
        Seconds until it is stopped, if nothing changes; infinity for never.

        Args:
            ahead: for how many seconds its pages are warned, whatever was before the first look.
        """
        due = self.record.clock + left(self.record, self.patience)
        kept = max(self.presence.seen + self.patience.idle, self.presence.kept_until)
        return max(due, kept, self.since + ahead) - clock

    def is_kept(self, clock: float) -> float:
        """Seconds for which somebody keeps it; 0 for nobody."""
        return max(0.0, self.presence.kept_until - clock)
