"""The verdict on an image, from what was seen of it."""

import pytest

from opendata_hub.catalogue import Image
from opendata_hub.machine.preflight import Verdict, judge
from opendata_hub.machine.preflight.facts import Down, Facts, Kernel, Program, Up
from opendata_hub.machine.subject import Subject

IMAGE = Image(slug="astro", display_name="Astronomy", image="lab.example.org/astro:1")
PYTHON = Kernel("python3", "Python 3", "python", ran=True)


def up(jupyterhub: str | None = "6.1.1", **more: object) -> Up:
    """A server that answered, with nothing to say against it."""
    seen = {"page": "/lab", "page_status": 200, "kernels": (PYTHON,), **more}
    return Up(2.5, jupyterhub, **seen)  # type: ignore[arg-type]


def verdict(server: Up | Down, program: Program | None = None, user: str = "jovyan") -> Verdict:
    """Judge it."""
    command = ("start.sh", "a b")
    return judge(Facts(Subject("astro", IMAGE), "6.1.1", 2 * 10**9, user, command, server, program))


def levels(made: Verdict) -> dict[str, str]:
    """Level of each finding, by its name."""
    return {finding.name: finding.level.value for finding in made.findings}


def test_an_image_that_works_fits() -> None:
    """All is said in a few lines, each of them well."""
    made = verdict(up())

    assert made.fits and made.words == "astro fits."
    assert set(levels(made).values()) == {"ok"}
    assert made.findings[0].text == (
        "it answered after 2.5 seconds, as user 1000, without capabilities."
    )
    assert made.log == ""


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.8.1", "for admins and services its server fails"),
        ("0.9.6", "admins and services are refused"),
        ("1.5.1", "admins and services are refused"),
        ("2.0.2", "does not protect its student"),
        ("4.0.2", "does not protect its student"),
    ],
)
def test_an_old_jupyterhub_is_a_remark(version: str, words: str) -> None:
    """Students can work with it, so it fits; what does not work is said, and how to mend it."""
    made = verdict(up(version))

    assert made.fits and made.words == "astro fits, with remarks."
    (remark,) = [finding for finding in made.findings if finding.name == "JupyterHub"]
    assert words in remark.text and remark.fix == "install a newer one: jupyterhub==6.1.1"


@pytest.mark.parametrize("version", ["4.1.0", "5.4.6", "6.0.1", "7.0.0.dev", "10.0"])
def test_a_jupyterhub_that_is_not_the_hubs_fits(version: str) -> None:
    """Older or newer than the hub makes no difference from 4.1 on."""
    assert levels(verdict(up(version)))["JupyterHub"] == "ok"


def test_one_broken_kernel_is_enough_not_to_fit() -> None:
    """Students would choose it; which one it is and why leads the verdict."""
    broken = Kernel("ir", "R", "R", ran=True, trouble="it ends by itself")
    made = verdict(up(kernels=(PYTHON, broken), lines="there is no package called 'IRkernel'"))

    assert (
        not made.fits
        and made.words == "astro does not fit: its kernel R does not work: it ends by itself."
    )
    assert levels(made)["Kernel python3"] == "ok"
    assert made.log == "there is no package called 'IRkernel'"


def test_no_kernel_at_all_does_not_fit() -> None:
    """A notebook without one runs nothing."""
    assert verdict(up(kernels=())).words == (
        "astro does not fit: it has no kernel, so that nothing can be run."
    )


def test_an_image_whose_own_user_is_root_is_told_so() -> None:
    """In a hub it is not root, alone it would be."""
    for user in ("root", "0", "0:0"):
        assert "without a hub it would be root" in verdict(up(), user=user).findings[0].text


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (Program("6.1.1", "6.1.1"), "its own command does not start a server"),
        (Program(None, "6.1.1"), "it runs as root only"),
        (Program(None, None), "it has no jupyterhub-singleuser"),
    ],
)
def test_what_is_missing_comes_first(program: Program, words: str) -> None:
    """Then what was started, so that it can be typed again, and how that ended."""
    made = verdict(Down("it ended by itself, with exit code 1", "why"), program)

    assert made.words.startswith(f"astro does not fit: {words}")
    (start,) = [finding for finding in made.findings if finding.name == "Start"]
    assert "with `start.sh 'a b'`, and it ended by itself, with exit code 1." in start.text
    assert made.log == "why"
    assert made.plain()["seconds"] is None and made.plain()["jupyterhub"] == program.student


def test_a_server_without_the_hubs_login_does_not_fit() -> None:
    """With the program in it the command is wrong; without, it is to be installed."""
    there = verdict(up(None, kernels=()), Program("6.1.1", "6.1.1")).findings[1]
    missing = verdict(up(None, kernels=()), Program(None, None)).findings[1]

    assert there.fix == 'let it be the command: CMD ["jupyterhub-singleuser"]'
    assert missing.fix.startswith("install it, in the hub's version: RUN pip install")
