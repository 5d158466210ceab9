"""``opendata-hub rehearse``: a class played on the running hub, the evening before."""

import asyncio
import json
import signal
from collections.abc import Coroutine
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.table import Table

from opendata_hub.cli.images import options
from opendata_hub.cli.stage import stage
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.errors import RehearsalError
from opendata_hub.fields import parse_duration
from opendata_hub.machine import Say
from opendata_hub.rehearsal import ledger, notebook, play, plot, report, wording
from opendata_hub.rehearsal.plan import Ground, Plan
from opendata_hub.rehearsal.record import Record
from opendata_hub.rehearsal.verdict import Times, Verdict, judge

T = TypeVar("T")

_FOLDER = Path("rehearsals")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHOWN = 10  # students whose trouble is printed; all are in the report


def _duration(context: click.Context, parameter: click.Parameter, value: str) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}; {error}.") from None


@click.command()
@click.option(
    "--users", type=click.IntRange(1, 999), default=30, show_default=True, help="How many students."
)
@click.option("--image", metavar="SLUG", help="What they start.  [default: the hub's default]")
@click.option(
    "--notebook",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What they run, cell by cell.  [default: a small one in plain Python]",
)
@click.option(
    "--patience",
    metavar="TIME",
    default="5m",
    show_default=True,
    callback=_duration,
    help="How long each waits for the notebook, and then for its last cell.",
)
@click.option("--even-if-in-use", is_flag=True, help="Do not mind people who use the hub.")
@click.option("--clean-up", is_flag=True, help="Only remove what a killed rehearsal left.")
@click.option(
    "--save",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    default=_FOLDER,
    show_default=True,
    help="Where the report goes.",
)
@click.option("--hub", "url", metavar="URL", help="Where it answers.  [default: as in hub.yaml]")
@options.config
@options.as_json
@in_words()
def rehearse(
    users: int,
    image: str | None,
    file: Path | None,
    patience: float,
    even_if_in_use: bool,
    clean_up: bool,
    folder: Path,
    url: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """
    Play a class on the running hub, and say how many students fit.

    Invented students log in, press Start all at once, wait, open the notebook, run it in a kernel,
    and are removed again with all they had. Nobody else is touched; where people use the hub,
    nothing is done. The report has a page with a picture. The exit code is 0 if all got in and no
    cell failed, else 1.

    Another hub than that of hub.yaml takes --hub and a token in JUPYTERHUB_API_TOKEN.
    """
    lesson = notebook.load(file) if file else notebook.load()
    names = [] if clean_up else ledger.invent(users)
    told = nullcontext(lambda line: None) if as_json else steps()
    with told as say, stage(url, config, names, image, say) as found:
        if clean_up:
            _end_cleaning(_until_told(_cleaned(found.ground, say), found.ground))
        plan = Plan(
            tuple(names),
            lesson,
            found.image,
            found.group,
            found.password,
            patience,
            even_if_in_use,
        )
        record = _until_told(_played(found.ground, plan, say), found.ground)
    verdict = judge(record)
    files = report.save(record, verdict, folder)
    if as_json:
        found_all = report.plain(record, verdict)
        click.echo(json.dumps({**found_all, "report": [str(file) for file in files]}, indent=2))
    else:
        _print(record, verdict, files)
    raise SystemExit(0 if verdict.went_well and not record.left else 1)


async def _played(ground: Ground, plan: Plan, say: Say) -> Record:
    async with ground.hub:
        return await play.play(ground, plan, say)


async def _cleaned(ground: Ground, say: Say) -> list[str]:
    async with ground.hub:
        return await play.clean_up(ground, say)


def _until_told(work: Coroutine[Any, Any, T], ground: Ground) -> T:
    """
    Do it until it ends, or until this process is told to stop: then it cleans up, and ends.

    Raises:
        RehearsalError: it was told.
    """

    async def main() -> T:
        task = asyncio.ensure_future(work)
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise RehearsalError(_stopped(len(ground.ledger.users))) from None


def _stopped(left: int) -> str:
    if not left:
        return "Stopped; all that it made is removed."
    return (
        f"Stopped; {left} of its students are still there. The next rehearsal removes them, or: "
        "opendata-hub rehearse --clean-up"
    )


def _end_cleaning(left: list[str]) -> NoReturn:
    if not left:
        click.echo("Nothing of a rehearsal is left.")
    raise SystemExit(1 if left else 0)


# -- what is printed


def _print(record: Record, verdict: Verdict, files: tuple[Path, Path]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print()
    console.print(_table(verdict))
    for line in _troubles(record):
        click.echo(line)
    click.secho("\n" + "\n".join(wording.words(verdict)), bold=True)
    click.echo("\n" + "\n".join(wording.arithmetic(verdict)))
    data, page = files
    click.echo(f"\nThe report: {page} and {data.name}")
    if not plot.is_there():
        click.echo(f"For its picture: {plot.GET_PLOT}")


def _table(verdict: Verdict) -> Table:
    table = Table("seconds", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("half within", "19 of 20 within", "longest"):
        table.add_column(column, justify="right")
    _add(table, "from the click to the notebook", verdict.waited)
    _add(table, "notebook, all at once", verdict.notebook)
    return table


def _add(table: Table, what: str, times: Times | None) -> None:
    if times is None:
        table.add_row(what, "-", "-", "-")
    else:
        table.add_row(what, *(f"{t:.1f}" for t in (times.median, times.p95, times.longest)))


def _troubles(record: Record) -> list[str]:
    """A line for each student for whom something went wrong, as far as one can read them."""
    lines = []
    for number, course in enumerate(record.courses, 1):
        if trouble := course.trouble or (str(course.failure) if course.failure else ""):
            lines.append(f"student {number}: {trouble}")
    more = len(lines) - _SHOWN
    return ["", *lines[:_SHOWN], *([f"… and {more} more, in the report."] if more > 0 else [])]
