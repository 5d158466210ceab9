"""Who is at the pages of a server, as the pages tell it; no I/O."""

from math import inf

_FRESH = 150.0  # seconds; a page in the background may speak no more than once a minute


class Presence:
    """
    What the pages of one server have told; all by the clock of the looks, in seconds.

    Attributes:
        seen: when somebody had one of them in front; minus infinity for never.
        kept_until: until when somebody has asked to keep the server.
    """

    def __init__(self) -> None:
        self.seen = self.kept_until = -inf
        self._heard = -inf

    def hear(self, clock: float, focused: bool) -> None:
        """Note that a page is open, and whether somebody is there."""
        self._heard = clock
        if focused:
            self.seen = clock

    def keep(self, until: float) -> None:
        """Note that somebody wants the server to run until then."""
        self.kept_until = until

    def used(self, clock: float, told: float | None) -> float | None:
        """
        How long nobody has used the server.

        JupyterLab asks its server all the time while it can be seen, be anybody there or not; so a
        page that tells whether somebody is there goes before that.

        Args:
            told: what the server tells.
        """
        return told if clock - self._heard > _FRESH else clock - self.seen
