"""A student with a notebook, who runs what is in ``inside`` in its kernel."""

import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from opendata_hub.settings.address import PORTS_ABOVE
from tests.attacks.ground import GroundHub
from tests.attacks.inside import files
from tests.hubs import PATIENCE
from tests.kernels import Kernel

T = TypeVar("T")


class Student:
    """
    Somebody with a server that runs.

    Attributes:
        address: of the container.
        gateway: the machine's address on the network of servers.
    """

    def __init__(self, hub: GroundHub, name: str) -> None:
        self.hub, self.name = hub, name
        start = hub.start(name)
        assert start.ok, start.message
        self.settle()

    def settle(self) -> None:
        """Open a notebook in the server that is there now."""
        container = self.hub.container(self.name)
        networks = container["NetworkSettings"]["Networks"].values()
        self.address, self.gateway = next(
            (str(network["IPAddress"]), str(network["Gateway"])) for network in networks
        )
        self.kernel = Kernel(self.hub, self.name)
        self._known: set[str] = set()

    @property
    def hub_api(self) -> str:
        """Address of the hub's API, as the server has it."""
        return f"http://{self.gateway}:{self.hub.port + PORTS_ABOVE}/hub/api"

    async def does(self, what: Callable[..., T], *arguments: Any) -> T:
        """
        Run a function of ``inside`` in the kernel; return what it returns, by way of JSON.

        Raises:
            ConnectionError: the kernel died of it.
        """
        code = await self._code(what, arguments)
        printed = await self.kernel.run(code)
        try:
            answer: T = json.loads(printed.splitlines()[-1])
        except (IndexError, ValueError):
            raise AssertionError(f"{code} ended with:\n{printed}") from None
        return answer

    async def begins(self, what: Callable[..., object], *arguments: Any) -> None:
        """Have a function run, and do not wait for its end."""
        await self.kernel.begin(await self._code(what, arguments))

    async def _code(self, what: Callable[..., object], arguments: tuple[Any, ...]) -> str:
        module = inspect.getmodule(what)
        assert module
        if module.__name__ not in self._known:
            await self.kernel.run(inspect.getsource(module))
            self._known.add(module.__name__)
        return f"import json; print(json.dumps({what.__name__}(*{arguments!r})))"

    def opens(self) -> bool:
        """Whether the page of the server opens, through the hub's proxy."""
        headers = {"Authorization": f"token {self.hub.token}"}
        url = f"{self.hub.url}/user/{self.name}/lab"
        return httpx.get(url, headers=headers, timeout=PATIENCE).is_success

    async def starves(self) -> None:
        """Have the kernel take memory until it is ended, and get another one."""
        with suppress(ConnectionError):
            await self.does(files.eats)
        self.kernel = Kernel(self.hub, self.name)
        self._known.clear()

    def comes_back(self) -> None:
        """Start the server again."""
        self.hub.ask(self.name)
        assert self.hub.follow(self.name)[-1].get("ready")
        self.settle()
