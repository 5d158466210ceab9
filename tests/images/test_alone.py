"""The same image without a hub: on a laptop, with one command."""

import re
from collections.abc import Callable, Iterator

import docker
import httpx
import pytest
from docker.models.containers import Container

from opendata_hub import catalogue
from tests.hubs import wait_for
from tests.ports import free_ports


@pytest.fixture
def alone(
    engine: docker.DockerClient, built: Callable[[str], catalogue.Image]
) -> Iterator[tuple[Container, int]]:
    """`docker run -p PORT:8888 IMAGE`, and PORT."""
    port = free_ports(1)[0]
    container = engine.containers.run(
        built("starter").image, ports={"8888/tcp": ("127.0.0.1", port)}, detach=True
    )
    try:
        yield container, port
    finally:
        print(container.logs().decode())
        container.remove(force=True, v=True)


def test_it_prints_a_url_with_a_token_that_works(alone: tuple[Container, int]) -> None:
    """Whoever has the token gets in and can save; without it nobody does."""
    container, port = alone
    url = wait_for(
        lambda: re.search(rb"http://127\.0\.0\.1:8888(/lab\?token=\w+)", container.logs()),
        "a URL is printed",
    )
    here = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=here, follow_redirects=True) as browser:
        assert "JupyterLab" in browser.get(url[1].decode()).text
        made = browser.put(
            "/api/contents/mine.txt",
            json={"type": "file", "format": "text", "content": "kept"},
            headers={"X-XSRFToken": browser.cookies["_xsrf"]},
        )
        assert made.status_code == 201, made.text
    assert httpx.get(f"{here}/api/contents").status_code == 403
