"""Where a rehearsal is played, and by what right."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from opendata_hub.catalogue import Image, default_of
from opendata_hub.cli.images import options
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineUnreachable, RehearsalError
from opendata_hub.homes import safe_name
from opendata_hub.machine import Say, daemon, foreground, presence
from opendata_hub.rehearsal import rights
from opendata_hub.rehearsal.homes import Homes
from opendata_hub.rehearsal.hub import Hub
from opendata_hub.rehearsal.ledger import Ledger
from opendata_hub.rehearsal.plan import Ground
from opendata_hub.settings import Settings, tokens
from opendata_hub.settings.login import SHARED
from opendata_hub.settings.state import State
from opendata_hub.settings.storage import open_homes

# Variables of the environment, for a hub that is not that of hub.yaml.
_TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105  # a name
_PASSWORD = "OPENDATA_HUB_CLASS_PASSWORD"  # noqa: S105  # a name

_RESERVE = 2**30  # bytes; the spawner's own default


@dataclass(frozen=True)
class Stage:
    """
    A hub that a class can be played on.

    Attributes:
        image: slug that students choose; None where only the hub knows its images.
        password: of the whole class; None where there is none.
        group: that students must be in to start the image; None where all may.
    """

    ground: Ground
    image: str | None
    password: str | None = None
    group: str | None = None


@contextmanager
def stage(
    url: str | None, config: Path | None, users: Sequence[str], slug: str | None, say: Say
) -> Iterator[Stage]:
    """
    Find the hub, and the right to make these users on it; keep other rehearsals away meanwhile.

    Args:
        url: where it answers; None for where hub.yaml says.
        config: hub.yaml.

    Raises:
        OpenDataError: no hub answers, or it is not ours, or its image is not to be had.
    """
    token = os.environ.get(_TOKEN) if url else None
    if url and token:
        with _elsewhere(url.rstrip("/"), token, slug) as found:
            yield found
    else:
        with _house(url, options.settings_of(config), users, slug, say) as found:
            yield found


@contextmanager
def _elsewhere(url: str, token: str, slug: str | None) -> Iterator[Stage]:
    """A hub of which only the address and the token are known."""
    _require_running(url)
    ledger = Ledger(_kept() / f"{safe_name(url)}.json")
    with ledger.held(), closing(daemon.connect()) as client:
        engine = Engine(client.api)
        ground = Ground(Hub(url, token), ledger, engine, Homes(engine), _RESERVE)
        yield Stage(ground, slug, os.environ.get(_PASSWORD))


def _kept() -> Path:
    """Where programs of this user keep what they must remember."""
    default = Path.home() / ".local" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or default) / "opendata-hub" / "rehearsals"


@contextmanager
def _house(
    url: str | None, settings: Settings, users: Sequence[str], slug: str | None, say: Say
) -> Iterator[Stage]:
    """The hub of hub.yaml: whoever can write into its database may rehearse."""
    url = (url or _here(settings)).rstrip("/")
    state, image = State(settings.folder), _image(settings, slug)
    _require_running(url)
    tokens.require(state)
    ledger = Ledger(state.folder / "rehearsals.json")
    group = image.groups[0] if image and image.groups else None
    with ledger.held(), _client() as client:
        if client and image and users:
            _look_for(client, image, say)
        engine = Engine(client.api) if client else None
        scopes = rights.scopes([*ledger.users, *users], group)
        with tokens.lent(state, rights.NAME, scopes) as token:
            storage = open_homes(engine, settings) if engine else None
            homes = Homes(engine, state.folder / "preview", storage)
            ground = Ground(Hub(url, token), ledger, engine, homes, settings.start.reserve)
            yield Stage(ground, image.slug if image else None, _password(settings), group)


def _here(settings: Settings) -> str:
    """Where the hub answers on this machine, whatever people type."""
    return settings.hub.inside


def _password(settings: Settings) -> str | None:
    shared = settings.login.method == SHARED
    return settings.login.options.get("user_password") if shared else None


def _image(settings: Settings, slug: str | None) -> Image | None:
    if slug is None:
        return default_of(settings.catalogue.visible(()))
    return options.chosen(settings, (slug,))[0]


def _look_for(client: docker.DockerClient, image: Image, say: Say) -> None:
    """Say that the image has to come first; where it cannot come by itself, how it is made."""
    if presence.find(client, image):
        return
    if image.is_local:
        build = f"{Path(sys.executable).with_name('opendata-hub')} images build {image.slug}"
        raise RehearsalError(f"The image {image.slug} is not built yet: {build}")
    say(f"The image {image.slug} is not on this machine: it comes first, which is not counted.")


@contextmanager
def _client() -> Iterator[docker.DockerClient | None]:
    """This machine's engine; None where it is not to be had, as under a preview."""
    try:
        client = daemon.connect()
    except EngineUnreachable:
        yield None
        return
    with closing(client):
        yield client


def _require_running(url: str) -> None:
    if not foreground.answers(f"{url}/hub/health"):
        raise RehearsalError(
            f"No hub answers at {url}. Start it, and rehearse in another terminal: opendata-hub "
            "start. Where it answers elsewhere, add --hub URL."
        )
