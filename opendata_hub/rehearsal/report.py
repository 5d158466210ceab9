"""The report of a rehearsal: JSON with everything, and a page."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from opendata_hub import __version__
from opendata_hub.errors import RehearsalError
from opendata_hub.rehearsal.plot import GET_PLOT, draw
from opendata_hub.rehearsal.record import Record
from opendata_hub.rehearsal.verdict import Verdict
from opendata_hub.rehearsal.wording import arithmetic, words

_PAGES = Environment(
    loader=PackageLoader("opendata_hub.rehearsal"), autoescape=True, trim_blocks=True
)


def plain(record: Record, verdict: Verdict) -> dict[str, Any]:
    """All that was seen, and what to make of it, as JSON takes it; times in seconds, bytes."""
    about = ("hub", "version", "image", "notebook", "patience", "by_password", "reserve")
    machine = {"cores": record.cores, "memory": record.memory}
    return {
        "opendata_hub": __version__,
        "began": record.began.isoformat(timespec="seconds"),
        **{name: getattr(record, name) for name in about},
        "machine": machine if record.cores else None,
        "verdict": {
            **asdict(verdict),
            "well": verdict.went_well,
            "words": list(words(verdict)),
            "arithmetic": list(arithmetic(verdict)),
        },
        "students": [course.plain() for course in record.courses],
        "settled": round(record.settled, 2),
        "ended": round(record.ended, 2),
        "samples": [asdict(sample) for sample in record.samples],
        "containers": [
            {"when": when, "students": [asdict(use) for use in uses]}
            for when, uses in record.containers
        ],
        "left": record.left,
    }


def save(record: Record, verdict: Verdict, folder: Path) -> tuple[Path, Path]:
    """
    Write the report, named by the time when the class began.

    Returns:
        (JSON, page): where they are.

    Raises:
        RehearsalError: they cannot be written.
    """
    stem = record.began.astimezone().strftime("%Y-%m-%d-%H%M%S")
    data, page = (folder / f"{stem}{ending}" for ending in (".json", ".html"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        data.write_text(json.dumps(plain(record, verdict), indent=1), "utf-8")
        page.write_text(html(record, verdict), "utf-8")
    except OSError as error:
        raise RehearsalError(
            f"The report cannot be written to {folder}: {error.strerror}; name another folder with "
            "--save."
        ) from None
    return data, page


def html(record: Record, verdict: Verdict) -> str:
    """Return the page: all in one file, with the picture in it."""
    picture = draw(record)
    return _PAGES.get_template("report.html").render(
        record=record,
        verdict=verdict,
        words=list(words(verdict)),
        arithmetic=list(arithmetic(verdict)),
        picture=None if picture is None else Markup(picture),  # noqa: S704  # matplotlib's own
        get_plot=GET_PLOT,
        version=__version__,
    )
