"""What a class that was played says about the next one: how many fit, and what is the limit."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from opendata_hub.rehearsal.containers import Use
from opendata_hub.rehearsal.record import Record

LONGEST = 60
"""Seconds that the last one of a class should wait: the processor is the limit where it is more."""


@dataclass(frozen=True)
class Memory:
    """
    Memory, in bytes.

    Attributes:
        total: of the machine.
        before: in use before the class came.
        reserve: promised to nobody.
        promised: to each student; 0 where the hub promises none.
        used: by each student in the end, with a kernel: by the engine's count or the machine's,
            whichever is more.
    """

    total: int
    before: int
    reserve: int
    promised: int
    used: int

    @property
    def each(self) -> int:
        """What a student takes: promised or used, whichever is more."""
        return max(self.promised, self.used)

    @property
    def admitted(self) -> int:
        """How many servers the hub lets in."""
        return max(0, self.total - self.reserve) // self.each

    @property
    def there(self) -> int:
        """For how many the memory is really there."""
        return max(0, self.total - self.before) // max(self.used, 1)

    @property
    def fits(self) -> int:
        """How many students fit."""
        return min(self.admitted, self.there)


@dataclass(frozen=True)
class Processor:
    """
    Work, in CPU-seconds for each student: by the machine's count, less what it did before the class
    came, or by the engine's count of the containers, whichever is more.

    Attributes:
        cores: of the machine.
        before: share of them that was at work before the class came, 0 to 1.
        start: from the click to the page.
        notebook: from the kernel's start to the last cell; None where nobody's was run.
    """

    cores: int
    before: float
    start: float
    notebook: float | None

    @property
    def rate(self) -> float:
        """Starts in a second, with all cores at work."""
        return self.cores / max(self.start, 0.01)

    @property
    def fits(self) -> int:
        """How many are in before the last one has waited too long."""
        return math.floor(self.rate * LONGEST)


@dataclass(frozen=True)
class Times:
    """Seconds of those who came to an end: the median, what 19 of 20 stay below, the longest."""

    median: float
    p95: float
    longest: float


@dataclass(frozen=True)
class Verdict:
    """
    What to make of a class.

    Attributes:
        asked: how many pressed Start.
        got_in: how many saw the notebook.
        for_memory: how many did not, for want of memory.
        failed: how many saw a cell fail, or their notebook not end.
        fits: how many students fit; None where that was not measured.
        limit: ``memory`` or ``processor``; None where nothing was measured.
    """

    asked: int
    got_in: int
    for_memory: int
    failed: int
    waited: Times | None
    download: float
    notebook: Times | None
    memory: Memory | None
    processor: Processor | None
    fits: int | None
    limit: str | None

    @property
    def went_well(self) -> bool:
        """Whether all got in, and no cell failed."""
        return self.got_in == self.asked and not self.failed


def judge(record: Record) -> Verdict:
    """Reckon with what was seen."""
    courses = record.courses
    inside = [course for course in courses if course.is_in]
    out = len(courses) - len(inside)
    for_memory = sum(course.for_memory for course in courses)
    memory = _memory(record, len(inside))
    processor = _processor(record, len(inside))
    waited = _times(course.waited for course in inside)
    fits, limit = _limit(memory, processor, len(inside), waited)
    if for_memory:
        fits, limit = len(inside), "memory"
    return Verdict(
        asked=len(courses),
        got_in=len(inside),
        for_memory=for_memory,
        failed=sum(course.failure is not None for course in courses),
        waited=waited,
        download=max((course.download for course in courses), default=0.0),
        notebook=_times(course.worked for course in inside),
        memory=memory,
        processor=processor,
        fits=fits if out == for_memory else None,
        limit=limit if out == for_memory else None,
    )


def _times(seconds: Iterable[float | None]) -> Times | None:
    known = sorted(second for second in seconds if second is not None)
    if not known:
        return None
    p95 = known[math.ceil(0.95 * len(known)) - 1]
    return Times(round(statistics.median(known), 2), round(p95, 2), round(known[-1], 2))


def _memory(record: Record, inside: int) -> Memory | None:
    calm = [sample.memory for sample in record.samples if sample.when <= 0]
    if record.memory is None or not calm or not inside:
        return None
    before = round(statistics.median(calm))
    peak = max(sample.memory for sample in record.samples)
    uses = record.containers[-1][1] if record.containers else []
    return Memory(
        total=record.memory,
        before=before,
        reserve=record.reserve,
        promised=max((use.promised for use in uses), default=0),
        used=max(1, (peak - before) // inside, _mean(uses)),
    )


def _mean(uses: list[Use]) -> int:
    return round(statistics.fmean(use.memory for use in uses)) if uses else 0


def _processor(record: Record, inside: int) -> Processor | None:
    calm = [sample for sample in record.samples if sample.when <= 0]
    if record.cores is None or len(calm) < 2 or not inside:
        return None
    idle = (calm[-1].busy - calm[0].busy) / (calm[-1].when - calm[0].when)
    here = max((course.download for course in record.courses), default=0.0)

    def each(begin: float, end: float) -> float:
        work = _busy(record, end) - _busy(record, begin) - idle * (end - begin)
        return max(0.0, work / inside, _spent(record, end) - _spent(record, begin))

    ran = any(course.worked is not None for course in record.courses)
    return Processor(
        cores=record.cores,
        before=idle / record.cores,
        start=each(here, record.settled),
        notebook=each(record.settled, record.ended) if ran else None,
    )


def _spent(record: Record, when: float) -> float:
    """CPU-seconds of a container by the engine's first count from then on; 0 before the class."""
    if when < record.settled:
        return 0.0
    counted = [uses for then, uses in record.containers if then >= when]
    return statistics.fmean(use.cpu for use in counted[0]) if counted else 0.0


def _busy(record: Record, when: float) -> float:
    return min(record.samples, key=lambda sample: abs(sample.when - when)).busy


def _limit(
    memory: Memory | None, processor: Processor | None, inside: int, waited: Times | None
) -> tuple[int | None, str | None]:
    """Choose the smaller number; what was seen to fit does fit."""
    slow = waited is None or waited.longest > LONGEST
    found = []
    if memory:
        found.append((max(memory.fits, inside), "memory"))
    if processor:
        found.append((max(processor.fits, 0 if slow else inside), "processor"))
    return min(found, default=(None, None), key=lambda one: one[0] or 0)
