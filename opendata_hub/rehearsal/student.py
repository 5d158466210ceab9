"""One invented student: presses Start with the class, sees the notebook, runs it."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import aclosing

import httpx
from tornado.httpclient import HTTPClientError

from opendata_hub.machine.channel import CodeFailed, KernelTrouble
from opendata_hub.rehearsal.course import Course, Failure, Phase, phase_of
from opendata_hub.rehearsal.notebook import Notebook, pick_kernel
from opendata_hub.rehearsal.session import Refused, Session

_TROUBLE = (Refused, KernelTrouble, httpx.HTTPError, HTTPClientError, OSError, ValueError)
_FAILED = "Spawn failed: "  # what the hub puts before the spawner's own sentence
_WIDTH = 60  # characters of a cell's first line
_STILL = {
    Phase.LINE: "in line",
    Phase.MEMORY: "waiting for memory that others have",
    Phase.STARTING: "starting",
    Phase.PAGE: "waiting for the page",
}


class Student:
    """
    Somebody with a browser.

    Args:
        clock: seconds since the class pressed Start.
        patience: seconds that the student waits for the notebook, a download apart, and then for
            its last cell.
    """

    def __init__(self, session: Session, clock: Callable[[], float], patience: float) -> None:
        self.session = session
        self.course = Course(session.user)
        self._clock, self._patience = clock, patience
        self._server, self._cell = "", 0

    def _enter(self, phase: Phase) -> None:
        self.course.enter(phase, self._clock())

    def fail(self, trouble: str) -> None:
        """Stay outside, for this reason."""
        self.course.for_memory = self.course.phase is Phase.MEMORY
        self.course.trouble = trouble
        self._enter(Phase.OUT)

    # -- the start

    async def get_in(self, options: Mapping[str, str]) -> None:
        """Press Start and wait for the notebook; what keeps the student out is in the course."""
        self._enter(Phase.ASKED)
        try:
            self._server = await self._ready(options)
            self._enter(Phase.PAGE)
            await asyncio.wait_for(self.session.open(self._server), self._patience)
        except asyncio.TimeoutError:
            still = _STILL.get(self.course.phase or Phase.ASKED, "waiting")
            self.fail(f"after {self._patience:.0f} seconds still {still}")
        except _TROUBLE as error:
            self.fail(str(error) or type(error).__name__)
        else:
            self._enter(Phase.IN)

    async def _ready(self, options: Mapping[str, str]) -> str:
        """Wait until the server is ready; return its address."""
        deadline = self._clock() + self._patience
        async with aclosing(self.session.start(options)) as news:
            while True:
                event = await asyncio.wait_for(anext(news, None), deadline - self._clock())
                if event is None:
                    raise Refused("the hub ended the news of the start before its end")
                if event.get("ready"):
                    return self.session.address(event["url"])
                if event.get("failed"):
                    raise Refused(str(event.get("message")).removeprefix(_FAILED))
                self._enter(phase_of(str(event.get("message")), self.course.phase))
                if self.course.phase is Phase.IMAGE:
                    deadline = self._clock() + self._patience

    # -- the notebook

    async def work(self, notebook: Notebook) -> None:
        """Run a notebook in a kernel, which stays; as in JupyterLab, the first error ends it."""
        self._enter(Phase.WORK)
        try:
            await asyncio.wait_for(self._run(notebook), self._patience)
        except asyncio.TimeoutError:
            self._note(notebook, f"has not ended after {self._patience:.0f} seconds")
        except CodeFailed as error:
            self._note(notebook, error.error)
        except KernelTrouble as error:
            self._note(notebook, f"the kernel: {error}")
        except _TROUBLE as error:
            self._note(notebook, str(error) or type(error).__name__)
        self._enter(Phase.DONE)

    async def _run(self, notebook: Notebook) -> None:
        kernel = await self._kernel(notebook)
        path = f"{self._api}/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        async with self.session.channel(path) as channel:
            await channel.connect()
            for self._cell, code in enumerate(notebook.cells, 1):
                await channel.execute(code)

    @property
    def _api(self) -> str:
        return f"{self._server.rstrip('/')}/api"

    async def _kernel(self, notebook: Notebook) -> str:
        """Start a kernel; return its id."""
        specs = await self.session.ask("GET", f"{self._api}/kernelspecs")
        name = pick_kernel(notebook, specs)
        if name is None:
            has = ", ".join(specs.get("kernelspecs", {})) or "none"
            wanted = notebook.kernel or notebook.language
            raise Refused(f"the notebook asks for the kernel {wanted}; the image has {has}")
        made = await self.session.ask("POST", f"{self._api}/kernels", {"name": name})
        return str(made["id"])

    def _note(self, notebook: Notebook, error: str) -> None:
        code = notebook.cells[self._cell - 1].strip().splitlines()[0] if self._cell else ""
        self.course.failure = Failure(self._cell, code[:_WIDTH], error)
