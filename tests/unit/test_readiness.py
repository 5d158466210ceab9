"""Whether a server can log people in at the hub."""

import pytest
from tornado.httputil import HTTPHeaders

from opendata_hub.engine.readiness import works_with_hub


@pytest.mark.parametrize("version", ["0.8.1", "1.5.1", "2.0.2", "5.4.6", "6.1.1", "7.0.0.dev"])
def test_a_server_of_any_jupyterhub_with_a_version_works(version: str) -> None:
    """Older and newer than the hub: what logs in with OAuth is let through."""
    assert works_with_hub(HTTPHeaders({"x-jupyterhub-version": version}))


def test_a_server_without_a_version_does_not() -> None:
    """A plain notebook server, or a JupyterHub from before 0.8."""
    assert not works_with_hub(HTTPHeaders({"Server": "TornadoServer/6.5"}))
