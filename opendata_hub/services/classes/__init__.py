"""
The service ``classes``: starts a class's servers ahead of its lesson, in order, at low priority.

Those who click go first; their classmates' servers come up in between.
"""

from opendata_hub.services.classes.config import Lesson
from opendata_hub.services.classes.install import NAME, add

__all__ = ["NAME", "Lesson", "add"]
