"""Who of all servers has to stop; no I/O."""

from collections.abc import Mapping


def explains(grown: int, gone: int, least: int) -> bool:
    """
    Tell whether this much is reason enough to stop who has taken it.

    Args:
        grown: what one server has taken.
        gone: what the disk has lost meanwhile.
        least: who has not taken more than this is left alone.
    """
    return grown > least and 2 * grown >= gone


def suspect(grown: Mapping[str, int | None], gone: int, least: int) -> tuple[str, int] | None:
    """
    Find the server that has taken most, if that is not less than what nobody explains.

    So several that fill a disk together end one after the other, and nobody ends for what somebody
    has taken whom nothing shows.

    Args:
        grown: what each has taken; None for one that could not be weighed. Where that is a single
            one, what the others have not taken is its.
        gone: as for :func:`explains`, as is ``least``.

    Returns:
        tuple[str, int]: server, and what it has taken; None where it is nobody, or not known who.
    """
    seen = {server: max(much, 0) for server, much in grown.items() if much is not None}
    unseen = grown.keys() - seen.keys()
    rest = max(gone - sum(seen.values()), 0)
    if len(unseen) == 1:
        seen[unseen.pop()], rest = rest, 0
    server = max(seen, key=seen.__getitem__, default="")
    return (server, seen[server]) if server and seen[server] > max(least, rest - 1) else None
