"""``opendata-hub images check``: does an image work in the hub, before anybody starts it."""

import json
from pathlib import Path

import click

from opendata_hub.cli import findings, subjects
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.machine import Say, preflight
from opendata_hub.machine.preflight import Verdict
from opendata_hub.settings.apply import NETWORK


@click.command()
@click.argument("image", metavar="SLUG|REFERENCE")
@options.config
@options.as_json
@in_words()
def check(image: str, config: Path | None, as_json: bool) -> None:
    """
    Try an image as the hub would start it, and say whether it fits.

    It may be one of the catalogue, or any other: it is built or pulled where it is not here. Its
    server is started without root and without capabilities, on an empty home; a file is saved, and
    each kernel runs a line. The exit code is 0 if it fits, else 1.
    """
    if as_json:
        verdict = _verdict(image, config, lambda line: None)
        click.echo(json.dumps(verdict.plain(), indent=2))
    else:
        with steps() as say:
            verdict = _verdict(image, config, say)
        _print(verdict)
    raise SystemExit(0 if verdict.fits else 1)


def _verdict(image: str, config: Path | None, say: Say) -> Verdict:
    subject, access = subjects.chosen(image, config)
    facts = options.with_engine(
        lambda client: preflight.look(client, subject, NETWORK, say, access)
    )
    return preflight.judge(facts)


def _print(verdict: Verdict) -> None:
    click.echo()
    for finding in verdict.findings:
        click.echo(findings.lines(finding))
    if verdict.log:
        click.echo(f"\nThe last lines that it printed:\n{verdict.log}")
    click.secho(f"\n{verdict.words}", bold=True)
