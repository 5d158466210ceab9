"""What the service is told by whoever starts it."""

from datetime import datetime, timedelta

from pydantic import Field

from opendata_hub.fields import Model

VARIABLE = "OPENDATA_HUB_CLASSES"
"""Environment variable with the configuration as JSON."""


class Lesson(Model):
    """One class in one period of time."""

    name: str
    users: tuple[str, ...]
    image: str | None = None
    start: datetime
    end: datetime
    warm_up: float = Field(description="Seconds before the start.")

    def is_on(self, now: datetime) -> bool:
        """Whether its servers are to run: from the warm-up to the end."""
        return self.start - timedelta(seconds=self.warm_up) <= now < self.end


class Config(Model):
    """All classes."""

    lessons: tuple[Lesson, ...]
