"""
Looking a machine over: what would stop a class or spoil it, and what mends that.

Each room looks at one thing. Its ``look`` functions gather facts, its ``judge`` functions turn
facts into findings and touch nothing, and ``check`` is one after the other.
"""

from opendata_hub.machine.health.finding import Finding, Level, fault, ok, warning

__all__ = ["Finding", "Level", "fault", "ok", "warning"]
