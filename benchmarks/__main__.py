"""
How quickly students get into their notebooks: plain DockerSpawner, the same tuned, ours.

All in one go on one machine and one image. It takes about half an hour on two cores.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
import docker

from benchmarks import machine, plot, report, scenarios
from benchmarks.hubs import Bench
from benchmarks.results import Results
from benchmarks.scenarios import Row

_STARTS = 3  # of a single server, for each run

SCENARIOS: dict[str, Callable[[Bench, int], Iterator[Row]]] = {
    "one": lambda bench, runs: scenarios.one(bench, _STARTS * runs),
    "herd20": partial(scenarios.herd, users=20),
    "herd30": partial(scenarios.herd, users=30),
    "herd60": partial(scenarios.watched, users=60),
    "early": partial(scenarios.early, users=30),
    "many": lambda bench, runs: scenarios.many(bench, _STARTS * runs, users=100),
    "computing": lambda bench, runs: scenarios.computing(bench, _STARTS * runs, users=20),
}


def _names(context: click.Context, option: click.Parameter, value: str | None) -> list[str]:
    names = value.split(",") if value else list(SCENARIOS)
    unknown = ", ".join(sorted(set(names) - SCENARIOS.keys()))
    if unknown:
        raise click.BadParameter(f"no such scenario: {unknown}; there are {', '.join(SCENARIOS)}")
    return names


@click.command(help=__doc__)
@click.option("--only", callback=_names, help=f"Some of {', '.join(SCENARIOS)}; others stay.")
@click.option("--runs", default=3, show_default=True, help="Of each class; single starts thrice.")
@click.option("--image", help="Instead of one like that of 'pip install jupyterlab jupyterhub'.")
@click.option(
    "--to",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(__file__).parent,
    help="Folder of results.json, results.md and the plots.  [default: benchmarks]",
)
@click.option("--draw", "draw_only", is_flag=True, help="Measure nothing; read results.json.")
def main(only: list[str], runs: int, image: str | None, to: Path, draw_only: bool) -> None:
    """Measure, save each run as it is made, tell, and draw."""
    if not draw_only:
        _measure(only, runs, image, to / "results.json")
    results = Results.read(to / "results.json")
    table = report.markdown(results)
    (to / "results.md").write_text(table, "utf-8")
    plot.draw(results, to)
    print(table)


def _measure(names: list[str], runs: int, image: str | None, file: Path) -> None:
    client = docker.APIClient(version="auto", timeout=600)
    image = image or machine.plain_image(client)
    again = None if set(names) == SCENARIOS.keys() else set(names)
    results = Results.begin(file, machine.facts(client, image), again)
    with Bench(client, image) as bench:
        for name in names:
            for row in SCENARIOS[name](bench, runs):
                results.add(name, row, file)
                _tell(name, row)


def _tell(scenario: str, row: Row) -> None:
    shown = (f"{name} {value:.2f}" for name, value in row.items() if isinstance(value, float))
    print(f"{scenario}, {row['kind']}, {row.get('users', '')}:", *shown, file=sys.stderr)


if __name__ == "__main__":
    main()
