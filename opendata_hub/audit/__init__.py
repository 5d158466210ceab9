"""Who did what on a hub: written down as it happens, and told in words."""

from opendata_hub.audit.install import add
from opendata_hub.audit.ledger import PARTS, Ledger
from opendata_hub.audit.words import sentence

__all__ = ["PARTS", "Ledger", "add", "sentence"]
