"""`opendata-hub images check`: what it says of images that fit, and of those that do not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner, Result

from opendata_hub.catalogue import Image
from opendata_hub.cli import main
from opendata_hub.homes import safe_name
from opendata_hub.machine import daemon, preflight
from opendata_hub.machine.preflight import Verdict
from opendata_hub.machine.subject import Subject
from tests.conftest import STARTER
from tests.engine.conftest import Push
from tests.proxies import Proxy

KERNELS = "/opt/venv/share/jupyter/kernels"
OLD = (
    'RUN sed -i \'s/^version_info.*/version_info = (1, 5, 1, "", "")/\' '
    "/opt/venv/lib/python3.11/site-packages/jupyterhub/_version.py"
)
DEBIAN = "opendata-hub/debian:bookworm"

Build = Callable[..., str]
Judge = Callable[..., Verdict]


@pytest.fixture(autouse=True)
def without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub.yaml of this machine takes part."""
    (tmp_path / "hub.yaml").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine."""
    client = daemon.connect()
    yield client
    client.close()


@pytest.fixture
def judged(engine: docker.DockerClient) -> Judge:
    """Tries an image, and judges it."""

    def judge(reference: str, patience: float = 60, **entry: object) -> Verdict:
        image = Image.model_validate(
            {"slug": safe_name(reference), "display_name": "It", "image": reference, **entry}
        )
        subject = Subject(reference, image, memory=image.memory)
        facts = preflight.look(engine, subject, "opendata-hub", print, patience=patience)
        verdict = preflight.judge(facts)
        print(verdict.words, *verdict.findings, verdict.log, sep="\n")
        return verdict

    return judge


def check(*arguments: str) -> Result:
    """Run the command."""
    result = CliRunner().invoke(main, ["images", "check", *arguments], catch_exceptions=False)
    print(result.output)
    return result


def finding(verdict: Verdict, name: str) -> tuple[str, str, str]:
    """Level, text and fix of what was found under this name."""
    (found,) = [finding for finding in verdict.findings if finding.name == name]
    return found.level.name, found.text, found.fix


def test_scripts_read_all_of_it(engine: docker.DockerClient) -> None:
    """JSON and nothing else, of the entry that has this reference; nothing of the trial is left."""
    told = json.loads(check("--json", STARTER).stdout)

    assert told["fits"] and told["image"] == "starter" and told["user"] == "jovyan"
    assert told["jupyterhub"] == told["hub"]
    assert 0 < told["seconds"] < 60 and told["size"] > 10**8
    assert told["kernels"] == [
        {"name": "python3", "title": "Python 3 (ipykernel)", "works": True, "ran": True}
    ]
    assert {finding["level"] for finding in told["findings"]} == {"ok"}
    left = {"label": ["org.opendata-hub.role=check", "org.opendata-hub.image=starter"]}
    assert not engine.containers.list(all=True, filters=left)


def test_an_image_without_the_program_does_not_fit(judged: Judge) -> None:
    """No command and no JupyterHub: what to install is said, in the hub's version."""
    verdict = judged(DEBIAN)

    assert verdict.words == f"{DEBIAN} does not fit: it has no jupyterhub-singleuser."
    _, _, fix = finding(verdict, "jupyterhub-singleuser")
    assert f"pip install jupyterhub=={verdict.facts.hub} jupyterlab" in fix
    assert "executable file not found" in finding(verdict, "Start")[1]


def test_an_image_that_is_not_here_is_pulled_first(push: Push, road: Proxy) -> None:
    """From a registry, by a reference that no catalogue has."""
    reference = push(1000).at(road.port)

    result = check(reference)

    assert f"Pulling {reference}\n" in result.stdout
    assert f"{reference} does not fit: it has no jupyterhub-singleuser." in result.stdout


def test_an_image_for_root_alone_does_not_fit(build: Build) -> None:
    """What only root may run is found, though nothing runs as root in a hub; exit code 1."""
    reference = build("USER root\nRUN chown root /opt/venv && chmod 700 /opt/venv")

    result = check(reference)

    assert result.exit_code == 1
    assert f"{reference} does not fit: it runs as root only" in result.stdout
    assert f"docker run --rm --user 1000:100 {reference}" in result.stdout
    assert "exec: jupyterhub-singleuser: Permission denied" in result.stdout


def test_a_command_that_ends_at_once_does_not_fit(build: Build, judged: Judge) -> None:
    """Its exit code and its last words are told, and that the program would be there."""
    verdict = judged(build('CMD ["sh", "-c", "echo disk of dreams is missing; exit 3"]'))

    level, text, fix = finding(verdict, "Start")
    assert level == "FAULT" and "ended by itself, with exit code 3" in text
    assert 'CMD ["jupyterhub-singleuser"]' in fix
    assert verdict.log == "disk of dreams is missing"
    assert finding(verdict, "jupyterhub-singleuser")[0] == "OK"


def test_a_server_that_never_answers_does_not_fit(build: Build, judged: Judge) -> None:
    """After the hub's own patience it is given up."""
    verdict = judged(build('CMD ["sleep", "600"]'), patience=1)

    assert "did not answer on port 8888 within 1 seconds" in verdict.words


def test_an_image_that_needs_more_memory_does_not_fit(build: Build, judged: Judge) -> None:
    """The entry's limit holds in the trial as in the hub."""
    verdict = judged(build('CMD ["python3", "-c", "x = bytearray(2**30)"]'), memory="128M")

    assert "it used more than its memory, and was ended" in verdict.words
    assert "write more `memory` into its entry" in finding(verdict, "Start")[2]


def test_a_server_that_does_not_know_the_hub_does_not_fit(build: Build, judged: Judge) -> None:
    """It answers, but nobody could log in."""
    verdict = judged(build('CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888"]'))

    assert finding(verdict, "Start")[0] == "OK"
    level, text, fix = finding(verdict, "JupyterHub")
    assert level == "FAULT" and "does not know the hub's login" in text
    assert fix == 'let it be the command: CMD ["jupyterhub-singleuser"]'


def test_work_that_would_be_lost_is_found(build: Build, judged: Judge) -> None:
    """A server that saves elsewhere than in the home does not fit."""
    verdict = judged(
        build('CMD ["jupyterhub-singleuser", "--ServerApp.root_dir=/tmp"]'), default_url="/nowhere"
    )

    assert "what people save is not in /home/jovyan" in verdict.words
    level, text, _ = finding(verdict, "Page")
    assert level == "WARNING" and "/nowhere, which answers with HTTP 404" in text


def test_a_broken_kernel_and_an_old_server_are_named(build: Build, judged: Judge) -> None:
    """The kernel beside it works; a language that nobody here knows is only asked to answer."""
    changes = {
        "odd": '"language": "python"/"language": "forth"',
        "gone": "ipykernel_launcher/no_such_kernel",
    }
    lines = [
        f"RUN mkdir {KERNELS}/{name} && sed 's/{change}/' {KERNELS}/python3/kernel.json"
        f" > {KERNELS}/{name}/kernel.json"
        for name, change in changes.items()
    ]
    verdict = judged(build("\n".join([*lines, OLD])))

    assert finding(verdict, "Kernel python3")[0] == "OK"
    assert "no code was tried in forth" in finding(verdict, "Kernel odd")[1]
    level, text, fix = finding(verdict, "Kernel gone")
    assert level == "FAULT" and text.startswith("its kernel Python 3 (ipykernel) does not work: ")
    assert fix.endswith("jupyter kernelspec remove -f gone")
    assert "No module named no_such_kernel" in verdict.log
    assert finding(verdict, "JupyterHub")[0] == "WARNING"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rooot", "No image 'rooot' in the catalogue"),
        ("localhost:1/far:1", "localhost:1/far:1 cannot be pulled"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(name: str, words: str) -> None:
    """An unknown slug, or a registry that is not there."""
    result = check(name)

    assert result.exit_code == 1 and words in result.stderr
