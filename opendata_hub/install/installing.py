"""From a machine to a hub that starts at boot, step by step."""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from opendata_hub import places
from opendata_hub.bundle import Bundle, used
from opendata_hub.errors import ConfigError, MachineError, OpenDataError
from opendata_hub.fields import check, read_yaml
from opendata_hub.install import (
    data_disk,
    environment,
    furnishing,
    page,
    service,
    source,
    systemd,
)
from opendata_hub.install.ground import Ground
from opendata_hub.install.progress import Progress
from opendata_hub.machine import Say, trust
from opendata_hub.machine.access import Access
from opendata_hub.settings import HubFile, Settings, exposure, load, storage
from opendata_hub.settings.access import access
from opendata_hub.settings.load import NAME
from opendata_hub.settings.state import State
from opendata_hub.site import Site

BUNDLE, DISK, PROGRAM, FILES = "Bundle", "Data disk", "Program", "hub.yaml"
UNITS, HUB, BASES = "Services", "The hub", "Base of the images"


@dataclass(frozen=True)
class Wish:
    """
    What was asked for.

    Attributes:
        config: a hub.yaml to take; else that which is there stays.
        device: the data disk, by path or pattern.
        words: the same as words of the command line, for the program of another environment.
        bundle: file of `opendata-hub bundle`, in the internet's place.
    """

    config: Path | None
    device: str | None
    words: tuple[str, ...]
    bundle: Path | None = None


@dataclass(frozen=True)
class Installed:
    """What came of it."""

    settings: Settings
    is_started: bool
    """Whether the hub was started, or started again: else nothing had changed that it reads."""
    logins: list[str]
    """First logins that it made meanwhile."""


def install(wish: Wish, prepare_disk: Callable[[Settings, Say], None], say: Say) -> Installed:
    """
    Do all of it; what is done already takes no time.

    Args:
        prepare_disk: makes a disk in a file where homes need one.

    Raises:
        OpenDataError: a step failed; the file of :mod:`.progress` has the sentence, too.
    """
    systemd.require()
    first = {BUNDLE: wish.bundle, DISK: wish.device, PROGRAM: True, FILES: True}
    progress = Progress([name for name, is_asked in first.items() if is_asked])
    bundle = None
    with ExitStack() as stack:
        with progress.step(FILES):
            site = _site(wish.config)
        stack.enter_context(Access(site).taken())
        if wish.bundle:
            with progress.step(BUNDLE):
                bundle = stack.enter_context(used(wish.bundle, say))
        with progress.step(FILES):
            trust.adopt(site.ca_bundle, say)
        return _install(wish, prepare_disk, progress, bundle, say)


def _install(
    wish: Wish,
    prepare_disk: Callable[[Settings, Say], None],
    progress: Progress,
    bundle: Bundle | None,
    say: Say,
) -> Installed:
    if wish.device:
        with progress.step(DISK):
            data_disk.ensure(wish.device, say)
    with progress.step(PROGRAM):
        _program(wish, say)
    with progress.step(FILES):
        if bundle:
            bundle.place_folders(say)
        settings = _settings(wish, say)
        _make_folders(settings)
        prepare_disk(settings, say)
        _require_homes(settings)
    _ground(settings, progress, bundle, say)
    with progress.step(UNITS):
        is_other = service.write_units(settings, say)
    with progress.step(HUB):
        return _hub(settings, is_other, progress, say)


def _program(wish: Wish, say: Say) -> None:
    """Go on in the environment of the version, and have the links lead to it."""
    here = environment.own()
    if here is None:
        _go_on(environment.make(source.current().spec, say), wish)
    environment.switch(here, say)


def _go_on(made: Path, wish: Wish) -> NoReturn:
    """Let the other environment's program do the rest: its code is the one that will run."""
    program = str(environment.program(made))
    try:
        os.execv(program, [program, "install", *wish.words])  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise MachineError(f"{program} cannot be run: {error.strerror}.") from None


def _site(config: Path | None) -> Site:
    """Return the site as hub.yaml says it, before that is in its place."""
    path = config or furnishing.file()
    if config is None and not path.is_file():
        return Site()
    site = check(HubFile, read_yaml(path), path.name).site
    return site.model_copy(update={"ca_bundle": site.ca_bundle and path.parent / site.ca_bundle})


def _settings(wish: Wish, say: Say) -> Settings:
    furnishing.furnish(wish.config, os.path.ismount(places.DATA), say)
    settings = load(furnishing.file())
    exposure.require_meant(settings, NAME)
    return settings


def _make_folders(settings: Settings) -> None:
    """Make those below the place of data; elsewhere a disk may be missing."""
    try:
        places.DATA.mkdir(mode=0o755, parents=True, exist_ok=True)
        path = settings.homes.path
        if path and path.is_relative_to(places.DATA):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{error.filename} cannot be made: {error.strerror}.") from None


def _require_homes(settings: Settings) -> None:
    if found := [f"{NAME}: {fault}" for fault in storage.faults(settings)]:
        raise ConfigError("\n".join(found))


def _ground(settings: Settings, progress: Progress, bundle: Bundle | None, say: Say) -> None:
    way = access(settings)
    ground = Ground(settings, way, bundle)
    steps = ground.steps()
    progress.expect([*(step.name for step in steps), BASES, UNITS, HUB])
    with way.taken():
        for step in steps:
            with progress.step(step.name):
                step.do(say)
        with progress.step(BASES):
            ground.bases(say)


def _hub(settings: Settings, is_other: bool, progress: Progress, say: Say) -> Installed:
    needed, state = service.needs_start(settings, is_other), State(settings.folder)
    known = len(state.known_logins())
    progress.tell_url(settings.hub.at(settings.hub.port))
    page.end()
    if needed:
        service.start(say)
    with suppress(OpenDataError):  # what is too much is no reason to fail
        environment.prune(environment.KEPT, say)
    return Installed(settings, needed, state.known_logins()[known:])
