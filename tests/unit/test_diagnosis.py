"""Facts of a failure turned into the sentence a person needs."""

from typing import Any

import pytest

from opendata_hub import diagnosis
from opendata_hub.diagnosis import Death


def _death(**facts: Any) -> Death:
    known = {"exit_code": 1, "oom_killed": False, "error": "", "last_lines": "", "memory": None}
    return Death(**{**known, **facts})


def test_a_death_is_read_from_what_the_engine_says() -> None:
    """Exit code, OOM flag, the engine's word and the memory limit."""
    state = {"ExitCode": 137, "OOMKilled": True, "Error": "ugh"}
    inspected = {"State": state, "HostConfig": {"Memory": 2**30}}

    assert Death.read(inspected, "the end") == Death(137, True, "ugh", "the end", 2**30)


def test_a_death_may_have_few_facts() -> None:
    """No limit is no limit, not one of 0 bytes."""
    inspected = {"State": {"ExitCode": 0}, "HostConfig": {"Memory": 0}}
    assert Death.read(inspected, "") == Death(0, False, "", "", None)


@pytest.mark.parametrize(("later", "oom"), [(0, True), (1, False)])
def test_an_older_loss_of_a_kernel_is_not_the_cause_of_death(later: int, oom: bool) -> None:
    """The engine's flag stays up after a kernel was killed; what ends the server later is new."""
    state = {"ExitCode": 137, "OOMKilled": True, "FinishedAt": f"1970-01-01T{later:02d}:00:00.5Z"}
    inspected = {"State": state, "HostConfig": {}}

    assert Death.read(inspected, "", lost_kernel=-1.0).oom_killed is oom


def test_the_operator_reads_the_facts() -> None:
    """One line of facts, then what the container printed last."""
    assert (
        _death(exit_code=137, oom_killed=True, error="ugh", last_lines="a\nb").facts
        == "exit code 137, OOM yes, engine says: ugh; last lines:\na\nb"
    )
    assert _death().facts == "exit code 1, OOM no; last lines:\n(it printed nothing)"


CAUSES = [
    (
        _death(exit_code=137, oom_killed=True, memory=2**30),
        "it used more than its memory of 1G. Start it again and load less at a time.",
    ),
    (
        _death(exit_code=137, oom_killed=True),
        "it used more than its memory. Start it again and load less at a time.",
    ),
    (
        _death(exit_code=127),
        "its image has no program that starts a notebook server. Choose another image, or tell "
        "your instructor.",
    ),
    (
        _death(exit_code=126),
        "its image has no program that starts a notebook server. Choose another image, or tell "
        "your instructor.",
    ),
    (
        _death(last_lines="ModuleNotFoundError: No module named 'jupyterhub'"),
        "something is missing in its image. Choose another image, or tell your instructor.",
    ),
    (
        _death(last_lines="ImportError: cannot import name 'x'"),
        "something is missing in its image. Choose another image, or tell your instructor.",
    ),
    (
        _death(exit_code=137),
        "it was killed from outside, perhaps because the machine restarted. Start it again.",
    ),
    (
        _death(exit_code=143),
        "it was killed from outside, perhaps because the machine restarted. Start it again.",
    ),
    (
        _death(exit_code=3),
        "the program in it ended with code 3. Start it again; if it happens twice, choose another "
        "image, or tell your instructor.",
    ),
]


@pytest.mark.parametrize(("death", "cause"), CAUSES)
def test_a_server_that_ends_while_it_starts_says_why(death: Death, cause: str) -> None:
    """The student reads the cause and what to do; the operator the facts."""
    end = diagnosis.ended_at_start("ROOT", death)

    assert end.student == f"Your server with ROOT stopped while it was starting: {cause}"
    assert end.operator == f"ended while starting, image ROOT: {death.facts}"


@pytest.mark.parametrize(("death", "cause"), CAUSES)
def test_a_server_that_ends_later_says_why(death: Death, cause: str) -> None:
    """On the next visit, and that nothing is lost."""
    end = diagnosis.ended_later(death)

    assert end.student == f"Your last server stopped by itself: {cause} Your files are safe."
    assert end.operator == f"ended by itself: {death.facts}"


def test_a_server_that_was_asked_to_end() -> None:
    """As an engine asks it that is stopped; at its start nobody does."""
    death = _death(exit_code=0)

    assert diagnosis.ended_later(death).student == (
        "Your last server was stopped from outside, perhaps because the machine restarted. "
        "Start it again. Your files are safe."
    )
    assert "ended with code 0" in diagnosis.ended_at_start("ROOT", death).student


def test_a_kernel_that_ran_out_of_memory() -> None:
    """When it was, what is lost and what is not, and what to do."""
    assert diagnosis.out_of_memory(2**30, "10:42") == (
        "At 10:42 your notebook used more than its memory of 1G, and its kernel was ended to "
        "protect the others. Your files are safe; the variables of that notebook are gone. "
        "Restart the kernel and load less at a time, or close other notebooks first."
    )


def test_a_container_that_is_gone() -> None:
    """Somebody removed it behind the hub's back."""
    gone = diagnosis.gone()

    assert gone.student == (
        "Your last server is gone: its container was removed from outside. Your files are safe; "
        "start it again."
    )
    assert gone.operator == "the container was removed from outside"


@pytest.mark.parametrize(("lines", "log"), [("a\nb", "a\nb"), ("", "(it printed nothing)")])
def test_a_port_that_stays_silent(lines: str, log: str) -> None:
    """How long was waited; the log has what the container printed."""
    silent = diagnosis.silent("ROOT", 60, lines)

    assert silent.student == (
        "Your server with ROOT did not answer within 60 seconds and was stopped. Try again in a "
        "minute; if it happens twice, choose another image, or tell your instructor."
    )
    assert silent.operator == f"no answer within start_timeout=60 s, image ROOT; last lines:\n{log}"


# What engine 20.10 and registries wrote, word for word, and the beginning of the sentence for it.
WORDS = [
    (
        "failed to register layer: Error processing tar file(exit status 1): write /lesson: no "
        "space left on device",
        "The disk of this machine is full, so ROOT could not be started. Your files are safe",
    ),
    (
        "The container engine does not answer: ('Connection aborted.', PermissionError(13, "
        "'Permission denied')). Start it with 'sudo systemctl start docker'",
        "The container engine of this machine does not answer",
    ),
    (
        "OCI runtime create failed: fork/exec /usr/bin/runc: cannot allocate memory: unknown",
        "This machine has no memory left",
    ),
    (
        'OCI runtime create failed: starting container process caused: exec: "x": executable file '
        "not found in $PATH: unknown",
        "The image of ROOT has no program that starts a notebook server",
    ),
    (
        'OCI runtime create failed: exec: "/x": stat /x: no such file or directory: unknown',
        "The image of ROOT has no program that starts a notebook server",
    ),
    (
        'OCI runtime create failed: exec: "/etc/passwd": permission denied: unknown',
        "The image of ROOT has no program that starts a notebook server",
    ),
    (
        'invalid mount config for type "bind": bind source path does not exist: /data/open',
        "A dataset's folder is missing on this machine",
    ),
    ("network opendata-hub not found", "The network for servers is missing on this machine"),
    ("No such container: 0123456789ab", "The container of ROOT was removed from outside"),
    (
        "toomanyrequests: You have reached your pull rate limit",
        "The registry that has the image of ROOT has had too many requests",
    ),
    ("unauthorized: authentication required", "The registry does not hand out"),
    (
        'Head "http://localhost:5000/v2/priv/manifests/1": no basic auth credentials',
        "The registry does not hand out the image of ROOT",
    ),
    ("denied", "The registry does not hand out the image of ROOT"),
    (
        "pull access denied for x, repository does not exist or may require 'docker login': "
        "denied: requested access to the resource is denied",
        "The registry does not hand out the image of ROOT: it may not exist, or it is private",
    ),
    (
        "manifest for localhost:5000/timeout:x509 not found: manifest unknown: manifest unknown",
        "There is no image with the name of ROOT",
    ),
    ("No such image: localhost:5000/geofence:1", "There is no image with the name of ROOT"),
    (
        "invalid reference format: repository name must be lowercase",
        "There is no image with the name of ROOT",
    ),
    (
        'Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
        "The registry that has the image of ROOT cannot be reached, or broke off",
    ),
    (
        'Get "https://quay.io/v2/": dial tcp: lookup quay.io on 127.0.0.53:53: server misbehaving',
        "The registry that has the image of ROOT cannot be reached, or broke off",
    ),
    (
        "nothing came from the registry for 120 s",
        "The registry that has the image of ROOT cannot be reached, or broke off",
    ),
    ("unexpected EOF", "The registry that has the image of ROOT cannot be reached, or broke off"),
    ("unknown blob", "The registry that has the image of ROOT cannot be reached, or broke off"),
    (
        "received unexpected HTTP status: 502 Bad Gateway",
        "The registry that has the image of ROOT cannot be reached, or broke off",
    ),
]


@pytest.mark.parametrize(("words", "begins"), WORDS)
def test_a_refusal_is_put_in_words_for_people(words: str, begins: str) -> None:
    """The student reads what it means and what to do; the operator the engine's own words."""
    refused = diagnosis.refused("ROOT", words)

    assert refused.student.startswith(begins)
    assert words not in refused.student
    assert refused.operator == f"the engine refused, image ROOT: {words}"


def test_a_refusal_that_nobody_foresaw_is_shown_as_it_is() -> None:
    """Strange words are better than none."""
    assert diagnosis.refused("ROOT", "mkdir /x: permission denied.").student == (
        "Your server with ROOT could not be started: mkdir /x: permission denied. Try again; if "
        "it happens twice, tell your instructor."
    )


def test_names_of_images_are_left_alone() -> None:
    """Braces in a name are no places to fill in."""
    assert "The disk" in diagnosis.refused("{tell}", "no space left").student
    assert "{tell}" in diagnosis.refused("{tell}", "no space left").student


def test_an_image_that_was_not_made_yet() -> None:
    """The operator reads the command."""
    not_built = diagnosis.not_built("ROOT", "root")

    assert not_built.student == (
        "The image of ROOT has not been made on this machine yet. Choose another image, or tell "
        "your instructor."
    )
    assert (
        not_built.operator == "image 'root' is not built; run ./start, which builds what is missing"
    )


def test_a_server_that_knows_no_hub() -> None:
    """The student hears that nobody gets in, the operator what to install."""
    stranger = diagnosis.knows_no_hub("ROOT", "6.1.1")

    assert stranger.student == (
        "The server in the image of ROOT does not know JupyterHub's login, so nobody could get in. "
        "Choose another image, or tell your instructor."
    )
    assert "its command is not jupyterhub-singleuser" in stranger.operator
    assert "install jupyterhub==6.1.1 in it" in stranger.operator
