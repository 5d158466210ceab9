"""``opendata-hub network``: the rules that say what servers reach."""

import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.start import find_config
from opendata_hub.engine.network import Network
from opendata_hub.errors import ConfigError, EngineError, OpenDataError
from opendata_hub.fields import check, read_yaml
from opendata_hub.machine import daemon
from opendata_hub.machine.network import Policy, keeper, nft, resolvers, words
from opendata_hub.machine.network import name as network_name
from opendata_hub.settings import HubFile, isolation
from opendata_hub.settings.address import PORTS_ABOVE
from opendata_hub.settings.model import ports


@click.group()
def network() -> None:
    """
    Show, put in place and remove the rules that say what servers reach.

    A hub that root runs does that by itself. By hand it is done where another user runs the hub,
    and for a hub of your own configuration, with --network and --hub-port.
    """


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="The hub's settings.  [default: hub.yaml, where there is one]",
    ),
    click.option(
        "--port", type=click.IntRange(1, 65535 - PORTS_ABOVE), help="Instead of hub.url's."
    ),
    click.option("--network", "own", help="The engine's network, of your own configuration."),
    click.option("--hub-port", type=click.IntRange(1, 65535), help="Where that hub's API listens."),
)


def _of_a_hub(make: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Give a command the options that say which hub is meant, and hand it that hub's policy.

    Args:
        make: make the hub's network where there is none.
    """

    def given(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def asked(**words: Any) -> None:
            which = {name: words.pop(name) for name in ("config", "port", "own", "hub_port")}
            try:
                command(_policy(**which, make=make), **words)
            except nft.NotAllowed as error:
                click.echo(f"{error} Run this command with sudo.", err=True)
                raise SystemExit(1) from None
            except OpenDataError as error:
                click.echo(str(error), err=True)
                raise SystemExit(1) from None

        for option in reversed(_OPTIONS):
            asked = option(asked)
        return asked

    return given


def _policy(
    config: Path | None, port: int | None, own: str | None, hub_port: int | None, make: bool
) -> Policy:
    path = config or find_config()
    file = check(HubFile, read_yaml(path), path.name) if path else HubFile()
    if bool(own) != bool(hub_port):
        raise ConfigError("Write both --network and --hub-port, or neither.")
    if own and hub_port:
        return isolation.of(file, isolation.ground(own, make=False), hub_port)
    if not file.network.isolate:
        raise ConfigError(f"{path}: network.isolate is false, so this hub has no rules.")
    numbers = ports(port, file.hub.is_https) if port else file.hub.ports
    return isolation.of(file, _ground(numbers.public, make), numbers.hub)


def _ground(port: int, make: bool) -> Network:
    daemon.connect().close()  # tells what to do where no engine answers
    try:
        return isolation.ground(network_name(port), make)
    except EngineError:
        if make:
            raise
        raise ConfigError(
            f"The hub at port {port} has no network, as it was never started here; it makes one "
            "then, and so does opendata-hub network install."
        ) from None


@network.command()
@_of_a_hub()
def show(policy: Policy) -> None:
    """Say in plain words what servers reach, and whether the rules are in place."""
    there = bool(nft.listing(policy.table))
    click.echo("\n".join(words.told(policy, resolvers.of_engine(), there)))


@network.command(cls=Audited)
@_of_a_hub(make=True)
def install(policy: Policy) -> None:
    """Put the rules in place; they stay until the machine is started anew."""
    keeper.install(policy)
    click.echo(f"The rules of {policy.network} are in place.")


@network.command()
@_of_a_hub(make=True)
def keep(policy: Policy) -> None:
    """Put the rules in place and mend them, until Ctrl-C; they stay."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    once = keeper.Keeper(policy)
    once.round()
    click.echo(f"The rules of {policy.network} are in place, and are kept.")
    try:
        once.run()
    except KeyboardInterrupt:
        click.echo(
            f"The rules of {policy.network} stay; to remove them: opendata-hub network remove"
        )


@network.command(cls=Audited)
@click.option("--force", is_flag=True, help="Also while servers run: they then reach everything.")
@_of_a_hub(make=True)  # rules may be left of a network that somebody has removed
def remove(policy: Policy, force: bool) -> None:
    """Take the rules away, and the network that the hub has made."""
    name, standing = policy.network, isolation.standing(policy.network)
    if standing and not force:
        raise ConfigError(
            f"Servers stand on {name}, such as {standing[0]}, and would reach everything; stop "
            "them first, with opendata-hub stop, or add --force."
        )
    there = nft.remove(policy.table)
    click.echo(f"The rules of {name} are gone." if there else f"{name} has no rules.")
    if not standing and isolation.remove(name):
        click.echo(f"The network {name} is gone.")
