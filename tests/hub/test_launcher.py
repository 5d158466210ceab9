"""Servers that come up quickly, in images as people make them: what they are, and are not."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from opendata_hub.launcher import FOLDER
from tests.hubs import RunningHub, running_hub, wait_for
from tests.kernels import Kernel

SITE = "/opt/venv/lib/python3.11/site-packages"

# A server extension, as images have them, that tells about the process it is in.
EXTENSION = """
import gc, importlib, os, sys
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

EARLY = [importlib.import_module(name) for name in os.environ.get("EARLY", "").split()]

class Facts(JupyterHandler):
    @authenticated
    def get(self):
        self.finish({
            "valid": [self.is_valid(*query.split()) for query in self.get_arguments("check")],
            "modules": {name: getattr(one, "__file__", None) for name, one in sys.modules.items()},
            "early": [one.__name__ for one in EARLY],
            "garbage": gc.get_threshold(),
            "pages": [name for _, name in self.settings["lab_jinja2_env"].cache.keys()],
            "path": sys.path,
            "python": sys.executable,
            "finders": [type(one).__name__ for one in sys.meta_path],
        })

    def is_valid(self, value, format):
        from jsonschema import Draft202012Validator
        return Draft202012Validator.FORMAT_CHECKER.conforms(value, format)

def _jupyter_server_extension_points():
    return [{"module": "facts"}]

def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*", [(app.base_url + "facts", Facts)])
"""


def put(path: str, text: str) -> str:
    """Line of a Dockerfile that writes a file."""
    code = base64.b64encode(text.encode()).decode()
    return f"RUN mkdir -p $(dirname {path}) && echo {code} | base64 --decode > {path}"


# The base keeps an older jsonschema, for its newer ones are what makes a start slow elsewhere.
FACTS = "\n".join(
    (
        "RUN pip install --quiet 'jsonschema[format-nongpl]>=4.25'",
        put(f"{SITE}/facts.py", EXTENSION),
        put("/opt/venv/etc/jupyter/jupyter_server_config.d/facts.json",
            json.dumps({"ServerApp": {"jpserver_extensions": {"facts": True}}})),
    )
)  # fmt: skip

NEW = f"""RUN echo '__version__ = "7.0.0"' >> {SITE}/jupyterhub/_version.py"""

# The server is in a virtual environment that is not on PATH, by its command's full path.
ODD = "\n".join(
    (
        "USER root",
        "RUN python3 -m venv --without-pip '/srv/course/env'",
        put("/srv/course/env/lib/python3.11/site-packages/more.pth", SITE),
        put("/srv/course/env/bin/jupyterhub-singleuser",
            "#!/srv/course/env/bin/python\nfrom jupyterhub.singleuser import main\nmain()\n"),
        put("/srv/course/start",
            "#!/bin/sh\nexport COURSE=physics\n"
            'exec /srv/course/env/bin/jupyterhub-singleuser "$@"\n'),
        put("/srv/course/lib/sitecustomize.py", "import os\nos.environ['CUSTOM'] = 'mine'\n"),
        "RUN chmod +x /srv/course/start /srv/course/env/bin/jupyterhub-singleuser",
        "USER jovyan",
        "ENV PATH=/usr/local/bin:/usr/bin:/bin PYTHONPATH=/srv/course/lib "
        "JUPYTER_CONFIG_PATH=/opt/venv/etc/jupyter JUPYTER_PATH=/opt/venv/share/jupyter",
        'CMD ["/srv/course/start"]',
    )
)  # fmt: skip

EXTRA = """
def entry(slug, image, **more):
    return dict(slug=slug, display_name=slug, image=image, **more)

c.OpenDataSpawner.catalogue = [
    entry("facts", "{facts}"),
    entry("plain", "{facts}", fast_launch=False),
    entry("early", "{facts}", environment={{"EARLY": "sqlalchemy.orm jupyterhub.orm rfc3987_syntax",
                                           "PYTHONPATH": "/srv/entry"}}),
    entry("odd", "{odd}"),
    entry("new", "{new}"),
]
"""

DATABASE = {"sqlalchemy", "jupyterhub.orm", "jupyterhub.roles", "jupyterhub.handlers"}
CHECKS = {"rfc3987_syntax", "rfc3987_syntax.syntax_helpers", "isoduration"}

LOOK = """
import gc, os, sys
print(os.environ.get("PYTHONPATH"), os.environ.get("COURSE"), os.environ.get("CUSTOM"))
print([one for one in sys.path if "opendata" in one])
print(getattr(sys.modules.get("sitecustomize"), "__file__", None))
print(gc.isenabled(), *gc.get_threshold())
"""


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, build: Callable[..., str]
) -> Iterator[RunningHub]:
    """A hub with an image that tells about its server, and two more made of it."""
    facts = build(FACTS)
    made = {"facts": facts, "odd": build(ODD, base=facts), "new": build(NEW, base=facts)}
    with running_hub(tmp_path_factory.mktemp("hub"), client, EXTRA.format(**made)) as hub:
        yield hub


def facts(hub: RunningHub, user: str, **query: Any) -> dict[str, Any]:
    """What the user's server tells about itself."""
    answer = hub.api.get(f"{hub.url}/user/{user}/facts", params=query)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def test_a_server_has_only_what_it_uses(hub: RunningHub, user: str) -> None:
    """No database, checks or lists, nothing of ours; garbage is collected as in a kernel, and the
    page is there before anybody asks for it."""
    assert hub.start(user).ok

    found = facts(hub, user)

    assert "jupyterhub.singleuser" in found["modules"]
    assert not found["modules"].keys() & (DATABASE | CHECKS | {"requests"})
    assert FOLDER not in str((found["path"], found["modules"]))
    assert "Deferral" not in found["finders"]
    usual = (await Kernel(hub, user).run("import gc; print(*gc.get_threshold())")).split()
    wait_for(lambda: facts(hub, user)["garbage"] == [*map(int, usual)], "garbage is collected")
    wait_for(lambda: "index.html" in facts(hub, user)["pages"], "its page is ready")


async def test_a_kernel_sees_an_untouched_python(hub: RunningHub, user: str) -> None:
    """No variable, no path, no module, no setting of ours."""
    hub.start(user)
    plain = hub.add_user(f"plain-{user}")
    hub.start(plain, {"image": "plain"})

    printed = await Kernel(hub, user).run(LOOK)

    assert printed.startswith("None None None\n[]\n")
    assert printed == await Kernel(hub, plain).run(LOOK)


def test_addresses_and_durations_are_still_checked(hub: RunningHub, user: str) -> None:
    """Who validates one gets the check that was put off, from the package itself."""
    hub.start(user)
    checks = ["https://example.org/ä iri", "example iri", "P1DT2H duration", "P1 duration"]

    found = facts(hub, user, check=checks)

    assert found["valid"] == [True, False, True, False]
    assert found["modules"].keys() >= CHECKS


async def test_an_extension_that_needs_the_database_has_it(hub: RunningHub, user: str) -> None:
    """The real modules, at the moment that it is loaded; and the entry's variables hold."""
    assert hub.start(user, {"image": "early"}).ok

    found = facts(hub, user)

    assert found["early"] == ["sqlalchemy.orm", "jupyterhub.orm", "rfc3987_syntax"]
    for name in found["early"]:
        assert found["modules"][name].startswith(SITE)
    assert "/srv/entry" in found["path"]
    assert (await Kernel(hub, user).run(LOOK)).startswith("/srv/entry None None\n[]\n")


async def test_any_image_has_it_and_keeps_its_own_ways(hub: RunningHub, user: str) -> None:
    """A command that sets a variable, a Python that is off PATH, a sitecustomize: all hold."""
    assert hub.start(user, {"image": "odd"}).ok

    found = facts(hub, user)

    assert found["python"] == "/srv/course/env/bin/python"
    assert not found["modules"].keys() & (DATABASE | CHECKS)
    assert found["modules"]["sitecustomize"] == "/srv/course/lib/sitecustomize.py"
    printed = await Kernel(hub, user).run(LOOK)
    assert printed.startswith(
        "/srv/course/lib physics mine\n[]\n/srv/course/lib/sitecustomize.py\n"
    )


def test_an_unknown_jupyterhub_keeps_its_database(hub: RunningHub, user: str) -> None:
    """What nobody has tried there is not put off, and the server's log says so."""
    assert hub.start(user, {"image": "new"}).ok

    assert facts(hub, user)["modules"].keys() >= DATABASE
    log = hub.client.logs(hub.container(user)["Id"]).decode()
    assert "JupyterHub 7.0.0 is unknown" in log


def test_an_entry_can_do_without(hub: RunningHub, user: str) -> None:
    """With ``fast_launch: false`` nothing of it comes near the container."""
    assert hub.start(user, {"image": "plain"}).ok

    container = hub.container(user)

    assert FOLDER not in {mount["Destination"] for mount in container["Mounts"]}
    assert not [entry for entry in container["Config"]["Env"] if entry.startswith("PYTHONPATH")]
    assert facts(hub, user)["modules"].keys() >= DATABASE | CHECKS


def test_nobody_in_a_container_can_change_it(hub: RunningHub, user: str) -> None:
    """All servers have the same volume: it is mounted read-only."""
    hub.start(user)

    mounts = {mount["Destination"]: mount for mount in hub.container(user)["Mounts"]}

    assert mounts[FOLDER]["RW"] is False


def test_people_log_in_through_the_hub(hub: RunningHub, user: str) -> None:
    """The way of a browser: login, the hub's OAuth, the notebook's page."""
    hub.start(user)

    page = hub.session(user).get(f"/user/{user}/lab")

    assert page.status_code == 200
    assert "jupyter-config-data" in page.text
