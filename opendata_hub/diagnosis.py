"""A dead container's facts, or the engine's words, turned into the sentence a person needs."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opendata_hub.fields import format_memory
from opendata_hub.registries import REFUSAL

_TELL = "tell your instructor"
_SAME_MOMENT = 5.0  # seconds between the kernel's kill and the engine's note that all has ended


@dataclass(frozen=True)
class Diagnosis:
    """Why a server is not there."""

    student: str
    """What happened and what to do, for a person with a browser."""

    operator: str
    """The facts, for the hub's log; one line, then the container's last lines."""


@dataclass(frozen=True)
class Death:
    """What is known of a container that ended."""

    exit_code: int
    oom_killed: bool
    error: str
    """The engine's own word, often empty."""
    last_lines: str
    memory: int | None
    """Its limit in bytes, None for none."""

    @classmethod
    def read(
        cls, container: dict[str, Any], last_lines: str, lost_kernel: float | None = None
    ) -> "Death":
        """
        Take the facts from what the engine's inspect answers.

        Args:
            lost_kernel: when the container last ran out of memory and lived on, in seconds since
                1970. The engine's flag stays up from then on, whatever ends the container later.
        """
        state = container["State"]
        lived_on = lost_kernel is not None and _ended(state) - lost_kernel > _SAME_MOMENT
        return cls(
            exit_code=state["ExitCode"],
            oom_killed=bool(state.get("OOMKilled")) and not lived_on,
            error=state.get("Error") or "",
            last_lines=last_lines,
            memory=container["HostConfig"].get("Memory") or None,
        )

    @property
    def facts(self) -> str:
        """The facts, for the log."""
        facts = f"exit code {self.exit_code}, OOM {'yes' if self.oom_killed else 'no'}"
        if self.error:
            facts += f", engine says: {self.error}"
        return f"{facts}; last lines:\n{self.last_lines or '(it printed nothing)'}"


def _ended(state: dict[str, Any]) -> float:
    """Seconds since 1970; the engine writes UTC, in nanoseconds, which Python does not read."""
    return datetime.fromisoformat(state["FinishedAt"][:19] + "+00:00").timestamp()


def _limit(memory: int | None) -> str:
    return f" of {format_memory(memory)}" if memory else ""


def out_of_memory(memory: int | None, when: str) -> str:
    """Say that a kernel was ended for want of memory while its server runs on."""
    return (
        f"At {when} your notebook used more than its memory{_limit(memory)}, and its kernel was "
        "ended to protect the others. Your files are safe; the variables of that notebook are "
        "gone. Restart the kernel and load less at a time, or close other notebooks first."
    )


def filled_disk(taken: str, when: str) -> Diagnosis:
    """
    Explain why a server was stopped that took the room of all.

    Args:
        taken: how much, in how much time.
    """
    return Diagnosis(
        f"Your server was stopped at {when}: it was filling the disk that everybody shares, with "
        f"{taken}. What is in your home is still there; what it wrote elsewhere, such as in /tmp, "
        "is gone. Delete what you do not need under 'Your files' before you start it again.",
        f"stopped, as it was filling the disk: {taken}",
    )


def _cause(death: Death) -> str:
    if death.oom_killed:
        return (
            f"it used more than its memory{_limit(death.memory)}. Start it again and load less "
            "at a time"
        )
    if death.exit_code in (126, 127):
        return (
            "its image has no program that starts a notebook server. Choose another image, or "
            f"{_TELL}"
        )
    if "No module named" in death.last_lines or "ImportError" in death.last_lines:
        return f"something is missing in its image. Choose another image, or {_TELL}"
    if death.exit_code in (137, 143):  # SIGKILL, SIGTERM
        return "it was killed from outside, perhaps because the machine restarted. Start it again"
    return (
        f"the program in it ended with code {death.exit_code}. Start it again; if it happens "
        f"twice, choose another image, or {_TELL}"
    )


def ended_at_start(image: str, death: Death) -> Diagnosis:
    """Explain a container that ended before its server answered."""
    return Diagnosis(
        f"Your server with {image} stopped while it was starting: {_cause(death)}.",
        f"ended while starting, image {image}: {death.facts}",
    )


def ended_later(death: Death) -> Diagnosis:
    """Explain a container that ended while it was in use."""
    if death.exit_code == 0 and not death.oom_killed:  # as when the engine itself is stopped
        why = "was stopped from outside, perhaps because the machine restarted. Start it again"
    else:
        why = f"stopped by itself: {_cause(death)}"
    return Diagnosis(
        f"Your last server {why}. Your files are safe.",
        f"ended by itself: {death.facts}",
    )


def gone() -> Diagnosis:
    """Explain a container that is not there any more."""
    return Diagnosis(
        "Your last server is gone: its container was removed from outside. Your files are safe; "
        "start it again.",
        "the container was removed from outside",
    )


def no_room(seconds: float) -> Diagnosis:
    """Explain that nobody made room in memory while the first in line waited."""
    return Diagnosis(
        f"The memory of this machine has been taken for {seconds / 60:.0f} minutes by those who "
        "work now, so your server was not started. Try again when somebody has stopped theirs, or "
        f"{_TELL}.",
        f"no room in memory for {seconds:.0f} s; stop servers, lower limits.guarantee, or give the "
        "machine more memory",
    )


def never_fits(image: str, promised: int) -> Diagnosis:
    """Explain a promise that the machine cannot keep even with nobody else on it."""
    return Diagnosis(
        f"{image} needs {format_memory(promised)} of memory, which this machine does not have. "
        f"Choose another image, or {_TELL}.",
        f"image {image} is promised {format_memory(promised)}, and the machine has less beside "
        "start.reserve; lower limits.guarantee or start.reserve",
    )


def silent(image: str, seconds: float, last_lines: str) -> Diagnosis:
    """Explain a container that runs, but whose port never answered."""
    return Diagnosis(
        f"Your server with {image} did not answer within {seconds:.0f} seconds and was stopped. "
        f"Try again in a minute; if it happens twice, choose another image, or {_TELL}.",
        f"no answer within start_timeout={seconds:.0f} s, image {image}; last lines:\n"
        f"{last_lines or '(it printed nothing)'}",
    )


def refused(image: str, words: str) -> Diagnosis:
    """
    Explain what the engine or a registry said when it could not pull, create or start.

    Args:
        image: what people call it.
        words: the engine's own.
    """
    operator = f"the engine refused, image {image}: {words}"
    for sign, text in _REFUSALS:
        if re.search(sign, words, re.IGNORECASE):
            return Diagnosis(text.format(image=image, tell=_TELL), operator)
    return Diagnosis(
        f"Your server with {image} could not be started: {words.rstrip('.')}. "
        f"Try again; if it happens twice, {_TELL}.",
        operator,
    )


def without_home(words: str) -> Diagnosis:
    """
    Explain why a server has no home to start with.

    Args:
        words: a whole sentence of the storage's.
    """
    return Diagnosis(
        f"Your server is not started, as your files cannot be reached now. {words} Nothing of "
        f"them is lost or changed; {_TELL}.",
        words,
    )


# Regular expressions of what engines and registries write; the first that is found counts, as their
# words hold other people's names, which may look like a sign further down.
_REFUSALS = (
    (
        "no space left|disk quota exceeded",
        "The disk of this machine is full, so {image} could not be started. Your files are safe; "
        "{tell}.",
    ),
    (
        "does not answer",
        "The container engine of this machine does not answer, so nothing can be started now. "
        "Try again in a minute, or {tell}.",
    ),
    (
        "cannot allocate memory",
        "This machine has no memory left, so {image} could not be started. Try again when others "
        "have stopped their servers, or {tell}.",
    ),
    (
        "executable file not found|no such file or directory: unknown|permission denied: unknown",
        "The image of {image} has no program that starts a notebook server. Choose another image, "
        "or {tell}.",
    ),
    (
        "bind source path does not exist",
        "A dataset's folder is missing on this machine, so {image} could not be started; {tell}.",
    ),
    (
        r"network \S+ not found",
        "The network for servers is missing on this machine, so {image} could not be started; "
        "{tell}.",
    ),
    (
        "no such container",
        "The container of {image} was removed from outside while it was starting. Start it again; "
        "your files are safe.",
    ),
    (
        "toomanyrequests|too many requests",
        "The registry that has the image of {image} has had too many requests from this machine. "
        "Choose another image, try again in an hour, or {tell}.",
    ),
    (
        REFUSAL,
        "The registry does not hand out the image of {image}: it may not exist, or it is private. "
        "Check its name, choose another image, or {tell}.",
    ),
    (
        "manifest unknown|no such image|name unknown|repository does not exist|"
        "invalid reference format|repository name",
        "There is no image with the name of {image}. Check the name and its tag, choose another "
        "image, or {tell}.",
    ),
    (
        r"connection refused|timeout|timed out|no such host|\beof\b|connection reset|tls: |x509: |"
        "network is unreachable|no route to host|server misbehaving|unexpected http status|"
        "unknown blob|blob unknown|nothing came from the registry",
        "The registry that has the image of {image} cannot be reached, or broke off. Try again in "
        "a minute; if it happens twice, choose another image, or {tell}.",
    ),
)


def not_built(image: str, slug: str) -> Diagnosis:
    """Explain an image that is made on this machine and has not been made yet."""
    return Diagnosis(
        f"The image of {image} has not been made on this machine yet. Choose another image, or "
        f"{_TELL}.",
        f"image '{slug}' is not built; run ./start, which builds what is missing",
    )


def knows_no_hub(image: str, hub: str) -> Diagnosis:
    """Explain a server that answers but cannot log people in at a JupyterHub."""
    return Diagnosis(
        f"The server in the image of {image} does not know JupyterHub's login, so nobody could get "
        f"in. Choose another image, or {_TELL}.",
        f"image {image} answers without X-JupyterHub-Version: its command is not "
        f"jupyterhub-singleuser, or that is older than 0.8; install jupyterhub=={hub} in it",
    )
