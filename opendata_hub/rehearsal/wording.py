"""The verdict in plain words."""

import math
from collections.abc import Iterator

from opendata_hub.fields import format_memory
from opendata_hub.rehearsal.verdict import Memory, Processor, Verdict

_LIMITS = {"memory": "memory", "processor": "the processor"}

_WELL_BELOW = 0.7  # of a promise: who uses less is promised too much
_SPARE = 1.25  # of what was used: for a notebook that is a little larger
_BUSY_BEFORE = 0.2  # share of the processor: more spoils what is measured
_TIDY = 64 * 2**20  # bytes; what a promise is rounded up to


def words(verdict: Verdict) -> Iterator[str]:
    """Yield the verdict in plain words, a sentence each."""
    yield _in_words(verdict)
    if verdict.for_memory:
        yield f"{verdict.for_memory} did not get in because the memory was taken."
    if others := verdict.asked - verdict.got_in - verdict.for_memory:
        yield f"{others} did not get in for other reasons; mend them first, then rehearse again."
    if verdict.failed:
        yield f"The notebook failed for {verdict.failed} of {verdict.got_in}."
    if verdict.fits is not None:
        students = "student fits" if verdict.fits == 1 else "students fit"
        yield f"{verdict.fits} {students}; {_LIMITS[verdict.limit or '']} is the limit."
    if verdict.download:
        yield (
            f"The image was not on this machine: having it took {verdict.download:.0f} s, which "
            "is not counted."
        )


def _in_words(verdict: Verdict) -> str:
    got_in = f"{verdict.got_in} of {verdict.asked} got in"
    if verdict.waited is None:
        return f"{got_in}."
    last = f"{verdict.waited.longest:.0f} s" if verdict.waited.longest >= 10 else None
    return f"{got_in}, the last after {last or f'{verdict.waited.longest:.1f} s'}."


def arithmetic(verdict: Verdict) -> Iterator[str]:
    """Yield how it was reckoned, a line each; nothing where nothing was measured."""
    if verdict.memory:
        yield from _memory_lines(verdict.memory)
    if verdict.processor:
        yield from _processor_lines(verdict.processor)
    if verdict.fits is not None and verdict.fits > verdict.got_in:
        yield (
            f"That is reckoned from {verdict.got_in} students; a rehearsal with --users "
            f"{verdict.fits} would show it."
        )


def _memory_lines(memory: Memory) -> Iterator[str]:
    used, total, before = map(_measured, (memory.used, memory.total, memory.before))
    yield (
        f"Memory: each used {used}, kernel included. The machine has {total}, of which {before} "
        f"were in use before the class: there is room for {memory.there}."
    )
    if not memory.promised:
        return
    promised, reserve = format_memory(memory.promised), format_memory(memory.reserve)
    yield (
        f"The hub promises each {promised} (limits.guarantee) and keeps {reserve} back "
        f"(start.reserve): it lets {memory.admitted} in."
    )
    if memory.admitted < memory.there and memory.used < _WELL_BELOW * memory.promised:
        less = math.ceil(memory.used * _SPARE / _TIDY) * _TIDY
        more = max(0, memory.total - memory.reserve) // less
        yield (
            f"If other notebooks need no more than this one, limits.guarantee: "
            f"{less // 2**20}M would let {min(more, memory.there)} in."
        )


def _measured(size: int) -> str:
    """Write bytes with the digits that a measurement is worth."""
    return f"{size / 2**30:.1f}G" if size >= 2**30 else f"{size / 2**20:.0f}M"


def _processor_lines(processor: Processor) -> Iterator[str]:
    cores = "1 core starts" if processor.cores == 1 else f"{processor.cores} cores start"
    yield (
        f"Processor: a start took {processor.start:.2f} CPU-seconds, so {cores} "
        f"{processor.rate:.1f} a second: {processor.fits} are in within a minute."
    )
    if processor.notebook is not None:
        yield f"The notebook took {processor.notebook:.2f} CPU-seconds each."
    if processor.before > _BUSY_BEFORE:
        yield (
            f"The processor was {processor.before:.0%} busy before the class came; rehearse again "
            "when the machine does nothing else."
        )
