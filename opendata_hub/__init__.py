"""A whole class in ready-made notebooks, each in a container of its own, on one machine."""

__version__ = "0.1.0.dev0"
