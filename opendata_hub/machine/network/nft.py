"""The program ``nft``: putting rules in place, looking at them, taking them away."""

import subprocess

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, packages


class NotAllowed(MachineError):
    """Only root may touch rules, and this process is somebody else."""


class NoRules(MachineError):
    """This machine cannot have rules; the text says why."""


def ensure(say: Say) -> None:
    """
    Install the program where it is missing.

    Raises:
        MachineError: not root, no apt-get, or apt-get failed.
    """
    packages.ensure({"nft": "nftables"}, say)


def load(text: str) -> None:
    """
    Put rules in place, all or none of them.

    Raises:
        NotAllowed: this process may not.
        NoRules: there is no ``nft``, or the kernel does not know what it needs.
    """
    done = _run("-f", "-", text=text)
    if done.returncode:
        raise _why(done.stderr)


def listing(table: str) -> str:
    """
    Return a table as the kernel has it, without what changes by itself; empty where there is none.

    Raises:
        NotAllowed, NoRules: see :func:`load`.
    """
    done = _run("--stateless", "--terse", "list", "table", "inet", table)
    if done.returncode and "No such file or directory" not in done.stderr:
        raise _why(done.stderr)
    return done.stdout


def remove(table: str) -> bool:
    """
    Take a table away.

    Returns:
        bool: whether there was one.

    Raises:
        NotAllowed, NoRules: see :func:`load`.
    """
    there = bool(listing(table))
    if there:
        load(f"delete table inet {table}\n")
    return there


def _run(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    program = packages.find("nft")
    if program is None:
        raise NoRules(
            "The program nft, which keeps servers off this machine and its network, is missing: "
            "sudo apt-get install nftables"
        )
    return subprocess.run(
        [program, *arguments], input=text, capture_output=True, text=True, check=False
    )


def _why(said: str) -> MachineError:
    last = said.strip().splitlines()[0] if said.strip() else "it did not say why"
    if "not permitted" in said:
        return NotAllowed("Only root can put the network's rules in place.")
    return NoRules(
        f"The kernel does not take the network's rules ({last}); Linux 5.10 or newer, with "
        "nf_tables, is needed."
    )
