"""``opendata-hub upgrade``: another version, and back where it does not run."""

from pathlib import Path

import click

from opendata_hub.bundle import used
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.errors import MachineError
from opendata_hub.install.upgrading import Upgraded
from opendata_hub.install.upgrading import upgrade as run
from opendata_hub.machine import Say, daemon


@click.command(cls=Audited)
@click.option(
    "--to",
    metavar="VERSION",
    help="A version such as 1.2, a wheel, or an address such as git+https://...  [default: the "
    "newest of where it came from]",
)
@click.option(
    "--bundle",
    metavar="FILE",
    type=click.Path(path_type=Path, resolve_path=True),
    help="The version in what `opendata-hub bundle` packed, with its images, without network.",
)
@in_words()
def upgrade(to: str | None, bundle: Path | None) -> None:
    """
    Have another version run on this machine, and the one before again where it does not.

    Looks first whether the new one takes hub.yaml, and brings what it needs; then changes over, in
    seconds, while people's servers go on. Database, settings and secrets are copied before.
    """
    if to and bundle:
        raise MachineError(
            f"--to {to} and --bundle cannot both be given: a bundle has one version. Leave one out."
        )
    with steps() as say:
        done = _from(bundle, say) if bundle else run(to, say)
    if done.downtime is None:
        click.echo(f"Nothing to do: that is version {done.now}, which runs.")
        return
    click.echo(
        f"Version {done.now} runs, where {done.before} did. The hub was away for "
        f"{done.downtime:.1f} seconds; people's servers went on."
    )
    click.echo(f"Database, settings and secrets from before: {done.copy}")


def _from(file: Path, say: Say) -> Upgraded:
    with used(file, say) as bundle:
        bundle.load_images(daemon.connect(), say)
        return run(bundle.about["version"], say)
