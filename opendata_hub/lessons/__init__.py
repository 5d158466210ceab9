"""One link = image + notebook: what such a link holds, and the page of the hub that it leads to."""

from opendata_hub.lessons.handler import HANDLERS, LessonHandler
from opendata_hub.lessons.lesson import Lesson, read

__all__ = ["HANDLERS", "Lesson", "LessonHandler", "read"]
