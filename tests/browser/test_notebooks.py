"""Physics in a student's notebook: an invariant mass, from the sample and from real collisions."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import REPOSITORY, ProductHub

NOTEBOOKS = REPOSITORY / "tests" / "notebooks"

SAMPLE = [("/data/sample/simulated-dimuon.root", "Muon")]
REAL = [
    ("/data/real/uproot-HZZ.root", "Muon"),
    ("/data/real/nanoAOD_2015_CMS_Open_Data_ttbar.root", "Jet"),
]
FILES = SAMPLE + (REAL if os.environ.get("OPENDATA_HUB_TEST_DATA") else [])


class Student:
    """A student with a server, and what lies in the student's home."""

    def __init__(self, hub: ProductHub) -> None:
        self.hub, self.name = hub, hub.newcomer()

    def upload(self, name: str, content: Any, kind: str = "text") -> None:
        """Put a file into the home, as JupyterLab's upload does."""
        model = {"type": "notebook" if kind == "json" else "file", "format": kind}
        self.contents(name, method="PUT", json={**model, "content": content})

    def contents(self, name: str, method: str = "GET", **more: Any) -> dict[str, Any]:
        """Ask the server's contents API."""
        answer = httpx.request(
            method,
            f"{self.hub.url}/user/{self.name}/api/contents/{name}",
            headers={"Authorization": f"token {self.hub.token}"},
            **more,
        )
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def python(self, client: docker.APIClient, *arguments: str) -> str:
        """Run Python in the student's container, past hub and browser."""
        container = self.hub.container(self.name)["Id"]
        run = client.exec_create(container, ["python", *arguments], workdir="/home/jovyan")["Id"]
        output: str = client.exec_start(run).decode()
        return output


@pytest.fixture(scope="module")
def student(hub: ProductHub) -> Iterator[Student]:
    """A student whose server runs."""
    student = Student(hub)
    assert hub.start(student.name, {"image": "starter"}).ok
    yield student
    hub.stop(student.name)


@pytest.mark.parametrize(("file", "particle"), FILES)
def test_an_invariant_mass(
    file: str,
    particle: str,
    student: Student,
    client: docker.APIClient,
    browse: Callable[..., Page],
) -> None:
    """A notebook opens the file, draws a peak, and its numbers are those of another formula."""
    name = f"{particle}-{Path(file).stem}.ipynb"  # a kernel of its own for each
    student.upload(name, _notebook(file, particle), "json")
    student.upload("reference.py", (NOTEBOOKS / "reference.py").read_text("utf-8"))
    expected = json.loads(student.python(client, "reference.py", file, particle))

    page = browse()
    people.send_login(page, student.name, student.hub.password(student.name))
    notebook = Lab(page).arrive().open(name)
    notebook.run_all(cells=7)
    expect(notebook.plots).to_be_visible()
    notebook.save()

    found = _printed(student.contents(name)["content"])
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert found["histogram"] == found["pairs"] > 0


def _notebook(file: str, particle: str) -> dict[str, Any]:
    """The notebook, after a cell that tells it what to read."""
    notebook: dict[str, Any] = json.loads((NOTEBOOKS / "invariant-mass.ipynb").read_text("utf-8"))
    told = f"%env OPENDATA_FILE={file}\n%env OPENDATA_PARTICLE={particle}"
    cell: dict[str, Any] = {"cell_type": "code", "id": "told", "source": told}
    notebook["cells"].insert(0, {**cell, "execution_count": None, "metadata": {}, "outputs": []})
    return notebook


def _printed(notebook: dict[str, Any]) -> dict[str, float]:
    """What the last cell printed."""
    (output,) = notebook["cells"][-1]["outputs"]
    numbers: dict[str, float] = json.loads("".join(output["text"]))
    return numbers
