"""The disk that the engine keeps its images on."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Disk:
    """
    How full it may become.

    Attributes:
        folder: on that disk; None for an engine far away, whose disk counts as empty.
        watermark: share, 0 to 1, above which images have to go.
    """

    folder: Path | None
    watermark: float

    @property
    def used(self) -> float:
        """Share that is in use, 0 to 1."""
        return self._with(0)

    @property
    def free(self) -> int | None:
        """Bytes that are free; None for a disk elsewhere."""
        return shutil.disk_usage(self.folder).free if self.folder else None

    def is_too_full(self, more: int = 0) -> bool:
        """Whether it is above the watermark, or would be with so many bytes more."""
        return self._with(more) > self.watermark

    def _with(self, more: int) -> float:
        if not self.folder:
            return 0.0
        usage = shutil.disk_usage(self.folder)
        return (usage.used + more) / (usage.used + usage.free)
