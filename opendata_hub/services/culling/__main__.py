"""``python -m opendata_hub.services.culling``: what the hub starts."""

import logging
import os
import time
from collections.abc import Callable

from jupyterhub.services.auth import HubAuth
from jupyterhub_idle_culler import IdleCuller
from tornado.httpclient import HTTPClientError
from tornado.ioloop import IOLoop, PeriodicCallback

from opendata_hub import bounds, clock
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineUnreachable
from opendata_hub.machine import daemon
from opendata_hub.services import door, seal
from opendata_hub.services.culling.arbiter import Arbiter
from opendata_hub.services.culling.config import VARIABLE, Config
from opendata_hub.services.culling.pages import application

_ENGINE_PATIENCE = 20  # seconds for an answer of the engine
_PAUSE = 10.0  # seconds between two questions to an engine that does not answer
_PARENT_EVERY = 1000  # milliseconds


def main() -> None:
    """Run jupyterhub-idle-culler with our arbiter until the hub ends this process."""
    clock.steady()
    bounds.set_bounds()
    config = Config.model_validate_json(os.environ[VARIABLE])
    url, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
    arbiter, certificates = Arbiter(config, _engine(), url, token), seal.certificates()
    _serve(arbiter)
    PeriodicCallback(_ending_with(os.getppid()), _PARENT_EVERY).start()
    IdleCuller.launch_instance(
        argv=[],
        config_file="",
        cull_arbiter_hook=arbiter,
        cull_every=config.check_every,
        ssl_enabled=certificates is not None,
        internal_certs_location=str(certificates or ""),
        max_age=0,  # it would stop servers without asking the arbiter
        log_level=logging.ERROR,  # the arbiter says all, and with the reason
    )


def _serve(arbiter: Arbiter) -> None:
    """Answer the pages of servers, where the hub has given an address for that."""
    if prefix := os.environ.get("JUPYTERHUB_SERVICE_PREFIX"):  # the URL is there in any case
        door.open_to(application(prefix, arbiter, HubAuth()))


def _engine() -> Engine:
    while True:
        try:
            return Engine(daemon.connect(_ENGINE_PATIENCE).api)
        except EngineUnreachable as error:
            logging.error("Nothing is stopped: %s", error)
            time.sleep(_PAUSE)


def _ending_with(parent: int) -> Callable[[], None]:
    """A hub that was killed leaves its services and their tokens; the next one has its own."""

    def look() -> None:
        if os.getppid() != parent:
            logging.error("The hub is gone, and nothing is stopped without it")
            IOLoop.current().stop()

    return look


class _Plainly(logging.Filter):
    """Says in one line what tornado says of a hub that does not answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HTTPClientError | OSError):
            record.msg = "Nothing is stopped: the hub does not tell who has a server (%s)"
            record.args, record.exc_info = (error,), None
        return True


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[culling] %(message)s")
    logging.getLogger("tornado.application").addFilter(_Plainly())
    logging.getLogger("tornado.access").setLevel(logging.ERROR)  # the hub looks for a page
    main()
