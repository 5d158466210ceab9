"""``opendata-hub link``: one link for a class, to an image, a repository and a notebook."""

import io
import sys
from pathlib import Path

import click
import segno

from opendata_hub import form
from opendata_hub.catalogue import Catalogue
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.fields import check
from opendata_hub.lessons import Lesson
from opendata_hub.machine import repositories
from opendata_hub.settings import Settings

_PICTURES = (".svg", ".png")
_BLACK, _WHITE = 16, 231  # of the 256 colours, which no theme of a terminal changes


@click.command()
@click.option("--image", metavar="SLUG", help="Image to start; without it people choose.")
@click.option("--repo", metavar="URL", help="Git repository to bring into each home.")
@click.option("--branch", help="Its branch or tag, which gets a folder of its own.")
@click.option("--open", "open_", metavar="PATH", help="File to open, such as lessons/first.ipynb.")
@click.option(
    "--qr",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the QR code into a picture, .svg or .png.",
)
@options.config
@in_words()
def link(
    image: str | None,
    repo: str | None,
    branch: str | None,
    open_: str | None,
    qr: Path | None,
    config: Path | None,
) -> None:
    """
    Make one link for a class: image, course material and notebook.

    Prints the link and, in a terminal, its QR code. What may be wrong with it is said on stderr.
    """
    asked = {"image": image, "repo": repo, "branch": branch, "open": open_}
    lesson = check(Lesson, asked, "The link")
    settings = options.settings_of(config)
    _check_image(lesson, settings.catalogue)
    address = f"{settings.hub.url}/hub/{lesson.link}"
    code = segno.make(address, micro=False)
    if qr:
        _save(code, qr)
    click.echo(address)
    if sys.stdout.isatty():
        click.echo(_blocks(code))
    for warning in _warnings(lesson, settings):
        click.echo(f"Warning: {warning}", err=True)


def _check_image(lesson: Lesson, catalogue: Catalogue) -> None:
    if lesson.image:
        groups = {group for image in catalogue.images for group in image.groups}
        form.check({"image": lesson.image}, catalogue, groups, None)


def _warnings(lesson: Lesson, settings: Settings) -> list[str]:
    """Say what the link is fine without, and its class perhaps not."""
    images = {image.slug: image for image in settings.catalogue.images}
    groups = images[lesson.image].groups if lesson.image else ()
    found = [repositories.fault(lesson.repo, lesson.branch)] if lesson.repo else []
    if groups:
        found.append(f"Only members of {' and '.join(groups)} may start {lesson.image}.")
    if settings.hub.loopback:
        found.append(
            f"This link works on this machine only, since hub.url is {settings.hub.url}; write "
            "there, in hub.yaml, the name or address by which others reach this machine."
        )
    return [warning for warning in found if warning]


def _save(code: segno.QRCode, file: Path) -> None:
    if file.suffix.lower() not in _PICTURES:
        raise ConfigError(f"--qr is '{file}'; write a name that ends in .svg or .png.")
    try:
        code.save(str(file), kind=file.suffix[1:].lower(), scale=10)
    except OSError as error:
        raise MachineError(f"{file} cannot be written: {error.strerror}.") from None


def _blocks(code: segno.QRCode) -> str:
    """Draw it with half blocks for the light parts, in black and white whatever the theme."""
    drawn = io.StringIO()
    code.terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    return "\n".join(click.style(line, fg=_WHITE, bg=_BLACK) for line in lines)
