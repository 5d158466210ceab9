"""What was seen of an image."""

from dataclasses import dataclass

from opendata_hub.machine.subject import Subject


@dataclass(frozen=True)
class Kernel:
    """
    One kernel of an image.

    Attributes:
        name: as its specification is called, such as ``python3``.
        title: what people see, such as ``Python 3``.
        language: such as ``python``.
        ran: whether it ran code; else it was only asked to answer.
        trouble: why it does not work; empty where it does.
    """

    name: str
    title: str
    language: str
    ran: bool
    trouble: str = ""


@dataclass(frozen=True)
class Up:
    """
    A server that answered.

    Attributes:
        seconds: from the start of its container until then.
        jupyterhub: the version that it sends; None for a server that does not know the hub's login.
        home: why what people save is not in their home; empty where it is.
        page: the first page that people see.
        page_status: the HTTP status of that page; 0 where it was not asked for.
        kernels: each that it offers; none where it does not know the hub's login.
        lines: the last ones that it printed, where a kernel does not work.
    """

    seconds: float
    jupyterhub: str | None
    home: str = ""
    page: str = ""
    page_status: int = 0
    kernels: tuple[Kernel, ...] = ()
    lines: str = ""


@dataclass(frozen=True)
class Down:
    """
    A server that never answered.

    Attributes:
        reason: what happened, as the end of a sentence that begins with "it".
        lines: the last ones that its container printed.
        out_of_memory: whether it was ended for want of memory.
    """

    reason: str
    lines: str
    out_of_memory: bool = False


@dataclass(frozen=True)
class Program:
    """
    ``jupyterhub-singleuser`` as the image has it, looked for where its server did not come up.

    Attributes:
        student: the version that it tells to a student, who is not root; None where it does not.
        root: the version that it tells to root; None where it does not.
    """

    student: str | None
    root: str | None


@dataclass(frozen=True)
class Facts:
    """
    All that was seen of an image.

    Attributes:
        hub: the hub's version.
        size: bytes, with all its layers.
        user: the image's own, ``root`` where it names none.
        command: what a hub starts in it.
        program: None where its server came up and knows the hub's login.
    """

    subject: Subject
    hub: str
    size: int
    user: str
    command: tuple[str, ...]
    server: Up | Down
    program: Program | None = None
