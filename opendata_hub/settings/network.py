"""`network` in hub.yaml: what servers may reach."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from opendata_hub.fields import Model
from opendata_hub.machine.network.places import LOCAL
from opendata_hub.machine.network.policy import TargetField
from opendata_hub.machine.network.targets import Target, read


def _some(value: object) -> object:
    if isinstance(value, bool | tuple):
        return value
    if not isinstance(value, list) or not value:
        raise ValueError("write true, false, or a list such as [pypi.org, files.pythonhosted.org]")
    return tuple(_read(one) for one in value)


def _read(one: object) -> Target:
    try:
        target = read(one)
        _require_internet(target)
    except ValueError as error:
        raise ValueError(f"of {one!r}: {error}") from None
    return target


def _require_internet(target: Target) -> None:
    found = target.range
    if found and any(found.version == own.version and found.overlaps(own) for own in LOCAL):
        raise ValueError("that is not of the internet; write it under reach")


class Network(Model):
    """What servers may reach beside the hub. Each other they never do."""

    isolate: bool = Field(
        True,
        description="Rules keep servers off this machine, the networks around it and the cloud's "
        "keys. Write `false` where there cannot be rules, or where something else sets them.",
    )
    internet: Annotated[
        bool | tuple[TargetField, ...],
        BeforeValidator(_some, json_schema_input_type=bool | list[str]),
    ] = Field(
        True,
        description="Write `false` for none of it, or a list of what is open: names, addresses and "
        "ranges, each name or address with a port if only that one shall be.",
    )
    reach: tuple[TargetField, ...] = Field(
        (),
        description="What is open of the networks around this machine, such as a licence server: "
        "ranges, addresses and names, or one with a port. A port of this machine itself is open "
        "only where its address is written with that port.",
        json_schema_extra={"examples": [["10.1.2.3:27000", "10.8.0.0/16"]]},
    )

    internal_ssl: bool = Field(
        False,
        description="Write `true`, and hub, proxy and servers speak to each other encrypted, each "
        "with a certificate that the others ask for. Stop all servers before you change it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _is_no_switch(cls, raw: Any) -> Any:
        if isinstance(raw, bool):
            raise ValueError("write isolate: false under it, if that is meant")
        return raw

    @model_validator(mode="after")
    def _makes_sense(self) -> "Network":
        if not self.isolate and any(self._rules()):
            raise ValueError(f"take out {' and '.join(self._rules())}, or isolate: false")
        return self

    def _rules(self) -> Iterator[str]:
        if self.internet is not True:
            yield "internet"
        if self.reach:
            yield "reach"
