"""What shall hold on the network of a hub's servers."""

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from opendata_hub.fields import Model
from opendata_hub.machine.network.places import METADATA
from opendata_hub.machine.network.targets import Target, read

VARIABLE = "OPENDATA_HUB_NETWORK"
"""Environment variable with the policy as JSON, for the process that keeps it."""

_PREFIX = "opendata-hub"

TargetField = Annotated[
    Target,
    BeforeValidator(read, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


def name(port: int) -> str:
    """Name of the network of the hub with this public port."""
    return f"{_PREFIX}-{port}"


class Policy(Model):
    """Who is meant, and what they reach."""

    network: str = Field(description="The engine's name for it.")
    bridge: str = Field(description="The interface of this machine that it is.")
    subnets: tuple[str, ...] = Field(description="Its ranges of addresses.")
    gateway: str = Field(description="This machine's address on it.")
    hub_port: int = Field(description="Where the hub's API listens at the gateway.")
    internet: bool | tuple[TargetField, ...] = Field(
        True, description="All of it, nothing, or these."
    )
    reach: tuple[TargetField, ...] = Field((), description="What is open beside it.")

    @property
    def table(self) -> str:
        """Name of the table of rules."""
        own = self.network.startswith(f"{_PREFIX}-")
        return self.network if own else f"{_PREFIX}-{self.network}"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that hub.yaml opens by name, address or range."""
        listed = () if isinstance(self.internet, bool) else self.internet
        return (*self.reach, *listed)

    @property
    def never(self) -> list[str]:
        """What is closed whatever else is said, the best known first."""
        return list(map(str, METADATA))
