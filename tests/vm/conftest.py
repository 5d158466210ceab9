"""The ground of the tier: the disk of a fresh machine, a bridge, and what is fetched over it."""

from collections.abc import Generator, Iterator
from pathlib import Path

import docker
import pytest
import trustme

from tests.vm import root, suites
from tests.vm.able import why_not
from tests.vm.bridge import Bridge, bridge
from tests.vm.disk import data_disk
from tests.vm.machine import Machine
from tests.vm.shop import Shop, shop

BROKEN_OFF = pytest.StashKey[str]()
"""In a file whose tests are one story: which of them has failed first."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what happened on its machine; note that it did."""
    report = yield
    if report.failed:
        assert item.parent
        item.parent.stash.setdefault(BROKEN_OFF, item.name)
        found = {getattr(one, "now", one) for one in item.funcargs.values() if _has_machine(one)}
        report.sections += [("on the machine", one.report()) for one in found]
    return report


def _has_machine(one: object) -> bool:
    return isinstance(getattr(one, "now", one), Machine)


@pytest.fixture(scope="package")
def cache(pytestconfig: pytest.Config) -> Path:
    """Where disks and images are kept from run to run; where no machine can run, it says why."""
    if problem := why_not():
        pytest.fail(problem, pytrace=False)
    assert pytestconfig.cache
    return pytestconfig.cache.mkdir("vm")


@pytest.fixture(scope="package")
def fresh(cache: Path) -> Path:
    """The disk of a fresh machine; nobody writes to it."""
    return root.root(cache, suites.asked())


@pytest.fixture(scope="package")
def downloads(cache: Path) -> Path:
    """Where what machines download is kept from run to run."""
    return cache / f"downloads-{suites.asked()}"


@pytest.fixture(scope="package")
def wire() -> Iterator[Bridge]:
    """The network on which the machines are; one at a time."""
    with bridge() as made:
        yield made


@pytest.fixture(scope="package")
def authority() -> trustme.CA:
    """Who certifies what the tests serve; the machines trust it."""
    return trustme.CA()


@pytest.fixture(scope="package")
def goods(
    wire: Bridge,
    cache: Path,
    authority: trustme.CA,
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """Wheels and an image."""
    with shop(tmp_path_factory.mktemp("shop"), cache, wire.gateway, authority, client) as opened:
        yield opened


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The device of an empty data disk."""
    with data_disk(tmp_path_factory.mktemp("data")) as device:
        yield device
