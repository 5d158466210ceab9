"""The harness of ``benchmarks/``, with two students: its numbers are no matter here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import CliRunner

from benchmarks import scenarios
from benchmarks.__main__ import main
from benchmarks.hubs import KINDS, Bench
from benchmarks.promises import promises
from benchmarks.results import Results
from tests import stand_in
from tests.conftest import STARTER

MACHINE = {
    "processor": "A processor", "cores": 2, "memory_gb": 8.0, "system": "A system", "kernel": "6.1",
    "engine": "20.10, overlay2, cgroup v2", "python": "3.11", "versions": {"jupyterhub": "6.1"},
    "image": {"name": "an/image:1", "jupyterlab": "4.6"},
}  # fmt: skip


def herd(kind: str, seconds: float, users: int) -> dict[str, Any]:
    """Row of a class in which each waits as long again as the one before."""
    waits = [seconds * (number + 1) for number in range(users)]
    return {
        "kind": kind, "users": users, "ok": users, "waits": waits, "makespan": waits[-1],
        "mean": sum(waits) / users, "p95": waits[-1], "cpu": 2 * seconds, "cpu_containers": seconds,
        "cpu_hub": 0.1,
    }  # fmt: skip


def measured(rows: dict[str, Iterator[dict[str, Any]]], file: Path) -> Results:
    """Rows by scenario, measured, and read from the file in which each was saved."""
    results = Results(MACHINE, [], 0.1)
    for name, made in rows.items():
        for row in made:
            results.add(name, row, file)
    assert Results.read(file).rows == results.rows
    return Results.read(file)


def test_starts(client: docker.APIClient, build: Callable[[str, str], str], tmp_path: Path) -> None:
    """Each kind of hub lets one student in, and two at once; nothing of them is left."""
    with Bench(client, build(stand_in.LINES, stand_in.BASE), careful=False) as bench:
        rows = {
            "one": scenarios.one(bench, 1),
            "herd1": scenarios.herd(bench, 1, 1),
            "herd2": scenarios.watched(bench, 1, 2),
            "many": scenarios.many(bench, 1, 1),
        }
        results = measured(rows, tmp_path / "results.json")
        left = client.containers(all=True, filters={"name": bench.mark})
        volumes = client.volumes(filters={"name": bench.mark})["Volumes"]

    for row in (row for row in results.rows if row["scenario"] != "many"):
        assert row["ok"] == row["users"] == len(row["waits"])
        assert all(row[name] for name in herd("ours", 1, 1))
    assert [row["kind"] for row in results.rows] == [*KINDS, *KINDS, *["ours"] * 3]
    assert results.of("herd2")[0]["looks"] > 1
    assert len(promises(results)) == 1 + 5 + 5 + 6
    assert not left
    assert not volumes


def test_notebooks(client: docker.APIClient, tmp_path: Path) -> None:
    """JupyterLab is opened on servers that run, and kernels compute beside a start."""
    with Bench(client, STARTER, careful=False) as bench:
        rows = {
            "early": scenarios.early(bench, 1, 1, alone=1),
            "computing": scenarios.computing(bench, 1, 1),
        }
        results = measured(rows, tmp_path / "results.json")

    assert [row["scenario"] for row in results.rows] == ["early", "computing", "computing"]
    assert len(promises(results)) == 2 + 1


def test_what_is_told_and_drawn(tmp_path: Path) -> None:
    """From the file come table and plots, without a measurement; a promise that fails is told."""
    results = Results(MACHINE, [], 0.1)
    for kind, seconds in {"plain": 5.0, "plain-300": 4.0, "ours": 1.0}.items():
        for scenario, users in {"one": 1, "herd30": 30}.items():
            results.add(scenario, herd(kind, seconds, users), tmp_path / "results.json")
    told = CliRunner().invoke(main, ["--draw", "--to", str(tmp_path)])

    assert told.exit_code == 0, told.output
    lines = (tmp_path / "results.md").read_text().splitlines()
    faster = "at least 3.5 times faster | 5.0 times faster: 1.00 s against 5.00 s | yes |"
    assert f"| One student, from click to notebook | {faster}" in lines
    assert (
        "| 30 at once: CPU for each | at most 1.00 CPU-seconds | 2.00 CPU-seconds | **no** |"
        in lines
    )
    assert "| 30 | plain-300 | 30/30 | " in told.output
    for plot in ("herd-light.svg", "herd-dark.svg"):
        assert "30 students press Start together" in (tmp_path / plot).read_text()


def test_numbers_that_do_not_compare(tmp_path: Path) -> None:
    """Numbers of another machine stay by themselves; those of this one are kept beside new ones."""
    file = tmp_path / "results.json"
    Results(MACHINE, [], 0.1).add("one", herd("ours", 1, 1), file)

    assert len(Results.begin(file, MACHINE, {"early"}).rows) == 1
    assert not Results.begin(file, MACHINE, {"one"}).rows
    with pytest.raises(SystemExit, match="do not compare"):
        Results.begin(file, {**MACHINE, "cores": 4}, {"early"})
    assert not Results.begin(file, {**MACHINE, "cores": 4}, None).rows
    assert json.loads(file.read_text())["rows"]
