"""The whole hub in another place, and back: database, settings, secrets and homes."""

from opendata_hub.backup.contents import Hub, Index, parse
from opendata_hub.backup.opening import exists, is_encrypted, open_vault
from opendata_hub.backup.restoring import Restored, Way, restore, restore_homes
from opendata_hub.backup.saving import Report, save
from opendata_hub.backup.sources import live
from opendata_hub.backup.vault import Run, Vault

__all__ = [
    "Hub",
    "Index",
    "Report",
    "Restored",
    "Run",
    "Vault",
    "Way",
    "exists",
    "is_encrypted",
    "live",
    "open_vault",
    "parse",
    "restore",
    "restore_homes",
    "save",
]
