"""The state of the service: for its page, for scripts and for Prometheus."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from opendata_hub.services.images.keeper import Keeper
from opendata_hub.services.images.shelf import Entry, State


@dataclass(frozen=True)
class Report:
    """
    What is known now.

    Attributes:
        users: servers that run each image, by slug.
        now: of the loop's clock, in seconds.
    """

    keeper: Keeper
    users: Mapping[str, int]
    now: float

    def plain(self) -> dict[str, Any]:
        """
        Return it as JSON has it.

        Sizes are bytes, times are seconds, shares are 0 to 1; null is what nobody knows.
        """
        disk = self.keeper.disk
        return {
            "images": [self._image(entry) for entry in self.keeper.shelf.entries.values()],
            "disk": {"used": round(disk.used, 4), "watermark": disk.watermark, "free": disk.free},
            "fault": self.keeper.fault,
        }

    def _image(self, entry: Entry) -> dict[str, Any]:
        pulls = entry.state is State.PULLING
        return {
            "slug": entry.image.slug,
            "display_name": entry.image.display_name,
            "image": entry.image.reference,
            "state": entry.state.value,
            "size": entry.size,
            "asked": entry.asked,
            "can_be_asked_for": entry.can_be_asked_for,
            "users": self.users.get(entry.image.slug, 0),
            "pull": _pull(entry) if pulls else None,
            "step": entry.doing if entry.state is State.BUILDING else "",
            "failure": entry.failure,
            "tries": entry.tries,
            "next_try": max(0, round(entry.due - self.now)) if entry.failure else None,
        }

    def metrics(self) -> bytes:
        """Return it in Prometheus' text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Metrics(self))
        return generate_latest(registry)


def _pull(entry: Entry) -> dict[str, Any]:
    progress, left = entry.progress, entry.seconds_left
    return {
        "done": progress.done,
        "total": progress.total,
        "rate": round(entry.speed.rate),
        "seconds_left": None if left is None else round(left),
        "unpacking": progress.unpacking,
    }


class _Metrics(Collector):
    def __init__(self, report: Report) -> None:
        self._report = report.plain()
        self._counts: Counter[str] = report.keeper.counts

    def collect(self) -> Iterator[Metric]:
        images = self._report["images"]
        yield _by_image(
            "present",
            "Whether an image is on the engine.",
            {image["slug"]: image["size"] is not None for image in images},
        )
        yield _by_image(
            "size_bytes",
            "Size of an image on the engine, shared layers included.",
            {image["slug"]: image["size"] or 0 for image in images},
        )
        yield _by_image(
            "servers",
            "Servers that run an image.",
            {image["slug"]: image["users"] for image in images},
        )
        for key in ("done", "total"):
            yield _by_image(
                f"pull_{key}_bytes",
                f"Compressed bytes of the pull under way, {key}.",
                {image["slug"]: image["pull"][key] for image in images if image["pull"]},
            )
        work = CounterMetricFamily(
            "opendata_hub_images_work", "What the service has done.", labels=["what"]
        )
        for what in ("pulled", "built", "failed", "gave way", "removed"):
            work.add_metric([what], self._counts[what])
        yield work
        yield GaugeMetricFamily(
            "opendata_hub_images_disk_used_ratio",
            "Share of the engine's disk in use.",
            value=self._report["disk"]["used"],
        )


def _by_image(name: str, about: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"opendata_hub_image_{name}", about, labels=["image"])
    for slug, value in values.items():
        family.add_metric([slug], float(value))
    return family
