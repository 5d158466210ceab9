"""Rosters: the people of a class, from a list as learning platforms and spreadsheets export it."""

from opendata_hub.rosters.people import Person, UserName, is_user, written
from opendata_hub.rosters.reading import Roster, load, read

__all__ = ["Person", "Roster", "UserName", "is_user", "load", "read", "written"]
