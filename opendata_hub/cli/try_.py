"""``opendata-hub try``: one image alone on this machine, in the browser."""

import os
import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import docker

from opendata_hub.cli import subjects
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.errors import MachineError
from opendata_hub.machine import alone
from opendata_hub.machine.access import Access
from opendata_hub.machine.alone import Running
from opendata_hub.machine.subject import Subject
from opendata_hub.settings.apply import NETWORK

_PORT = 8888


@click.command("try")
@click.argument("image", metavar="SLUG|REFERENCE")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    help="Folder that the notebook sees as /data/<its name>, read-only. Can be given again.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=_PORT,
    show_default=True,
    help="Where it answers; where that is taken, the next free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@options.config
@in_words()
def try_(
    image: str, data: tuple[Path, ...], port: int, no_browser: bool, config: Path | None
) -> None:
    """
    Run an image alone on this machine, without a hub, until Ctrl-C.

    It may be one of the catalogue, or any other: it is built or pulled where it is not here. It
    runs as in the hub, without root, and only this machine reaches it. What is saved stays in a
    volume of its own and is there the next time.
    """
    folders = _folders(data)
    subject, access = subjects.chosen(image, config)

    def run(client: docker.DockerClient) -> None:
        if running := alone.find(client, subject):
            _show(running, "runs already, as it was started", subject, no_browser)
            click.echo(f"To stop it: Ctrl-C where it was started, or docker stop {running.name}")
            return
        with _until_stopped():
            try:
                running = _start(client, subject, access, folders, port)
                _show(running, "runs", subject, no_browser)
                click.echo("Ctrl-C stops it.")
                alone.wait(client, subject)
                click.echo(f"\n{subject.name} has ended.")
            except KeyboardInterrupt:
                click.echo(f"\nStopping {subject.name}")
            finally:
                alone.stop(client, subject)
        click.echo(_farewell(image, subject))

    options.with_engine(run)


def _start(
    client: docker.DockerClient,
    subject: Subject,
    access: Access,
    folders: dict[str, Path],
    port: int,
) -> Running:
    with steps() as say:
        reference = subject.have(client, say, access)
        return alone.start(client, subject, reference, NETWORK, folders, port, say)


def _folders(data: tuple[Path, ...]) -> dict[str, Path]:
    """Name each folder as it is called."""
    folders: dict[str, Path] = {}
    for path in data:
        if not path.name or folders.get(path.name, path) != path:
            other = f", as {folders[path.name]} would be" if path.name else ""
            raise MachineError(
                f"--data {path} would be /data/{path.name}{other}; "
                "give each folder a name of its own, such as by a link."
            )
        folders[path.name] = path
    return folders


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Let a closed terminal and ``kill`` end this as Ctrl-C does: the container goes too."""
    # Also what the shell's & makes a process deaf to: SIGINT.
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(running: Running, how: str, subject: Subject, no_browser: bool) -> None:
    click.echo(f"\n{subject.name} {how}: {running.url}")
    if running.remark:
        click.echo(running.remark)
    if not no_browser and _has_browser():
        webbrowser.open(running.url)


def _has_browser() -> bool:
    """Whether there is one with windows; one for text would fill this terminal."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _farewell(image: str, subject: Subject) -> str:
    volume = alone.name_of(subject)
    return (
        f"What was saved is kept: the next `opendata-hub try {image}` finds it.\n"
        f"To delete it: docker volume rm {volume}"
    )
