"""
Trying an image as a hub would start it, before people do: ours or a stranger's.

:mod:`.hub` stands in for the hub, :mod:`.server` runs the container, :mod:`.kernels` talks to its
kernels, :mod:`.look` is one after the other. :mod:`.verdict` turns what they saw into words, and
touches nothing.
"""

from opendata_hub.machine.preflight.look import look
from opendata_hub.machine.preflight.verdict import Verdict, judge

__all__ = ["Verdict", "judge", "look"]
