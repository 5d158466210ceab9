"""All homes, for those who look after the disk."""

from datetime import datetime
from typing import Any, NamedTuple

from opendata_hub.errors import EngineError, StorageError
from opendata_hub.services.homes.meter import Meter
from opendata_hub.storage import Home, Space
from opendata_hub.storage.room import Room


class Row(NamedTuple):
    """A home; sizes in bytes, ``used`` None while they have not been counted."""

    user: str
    place: str
    used: int | None
    quota: int | None
    deleted: datetime | None


class Table(NamedTuple):
    """
    Homes, the largest first, and the disk that they are on, None for one that cannot be seen.

    Attributes:
        fault: why there is none of it; empty for all is well.
    """

    rows: list[Row]
    disk: Room | None
    fault: str

    def plain(self) -> dict[str, Any]:
        """Return it for scripts; times in ISO 8601."""
        homes = [
            {**row._asdict(), "deleted": row.deleted and row.deleted.isoformat()}
            for row in self.rows
        ]
        disk = self.disk and {"free": self.disk.left, "size": self.disk.whole}
        return {"homes": homes, "disk": disk, "fault": self.fault}


async def table(meter: Meter) -> Table:
    """Return what is known now; nothing is counted for it."""
    try:
        homes = await meter.storage.homes()
    except (StorageError, EngineError) as error:
        return Table([], None, str(error))
    rows = [_row(home, meter.known(home.user)) for home in homes]
    rows.sort(key=lambda row: -(row.used or 0))
    try:
        disk = await meter.disk(homes[0].user) if homes else None
    except (StorageError, EngineError) as error:
        return Table(rows, None, str(error))
    return Table(rows, disk, "")


def _row(home: Home, space: Space | None) -> Row:
    used, quota = (space.used, space.quota) if space else (None, None)
    return Row(home.user, home.place, used, quota, home.deleted)
