"""
Setting up a machine: packages, the container engine, the proxy, the images.

Everything here is plain and blocking: it runs in the command line before the hub. Each step first
looks whether anything is to do, so that a second run takes seconds, and raises
:class:`~opendata_hub.errors.MachineError` with the command that mends what it cannot do.
"""

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line about progress; one that starts with a space is a detail of the line before."""
