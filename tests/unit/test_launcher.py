"""The file that makes servers start quickly, run by this Python as a container's would."""

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest

import opendata_hub.launcher
from opendata_hub.launcher import FOLDER, SHARE, environment
from tests.ports import free_ports

OURS = Path(opendata_hub.launcher.__file__).with_name("sitecustomize.py")

# In JupyterHub's place: the forms in which its versions import what a server does not use.
PACKAGES = {
    "jupyterhub/__init__.py": "__version__ = '6.1.1'",
    "jupyterhub/singleuser.py": "from jupyterhub import log, scopes, utils\nimport jsonschema",
    "jupyterhub/log.py": """
from .handlers.pages import HealthCheckHandler
def is_health(handler): return isinstance(handler, dict | HealthCheckHandler)
""",
    "jupyterhub/utils.py": """
from sqlalchemy.exc import SQLAlchemyError
def caught(error):
    try: raise error
    except SQLAlchemyError: return True
    except Exception: return False
""",
    "jupyterhub/scopes.py": "import sqlalchemy as sa\nfrom . import orm, roles",
    "jupyterhub/roles.py": "from sqlalchemy import func\nfrom . import orm, scopes",
    "jupyterhub/orm.py": "from sqlalchemy import func\nfrom .utils import caught\nclass User: pass",
    "jupyterhub/handlers/__init__.py": "from . import pages",
    "jupyterhub/handlers/pages.py": "from .. import orm\nclass HealthCheckHandler: pass",
    "sqlalchemy/__init__.py": "from . import engine\nfunc = engine.func",
    "sqlalchemy/engine.py": "from .exc import SQLAlchemyError\ndef func(): return 'real'",
    "sqlalchemy/exc.py": "class SQLAlchemyError(Exception): pass",
    "rfc3987_syntax/__init__.py": "from .parsers import *",
    "rfc3987_syntax/parsers.py": """
def is_valid_syntax(term, value): return (term, value) == ('iri', 'valid')
def parse(term): return 'a tree'
""",
    "isoduration/__init__.py": """
from isoduration.exceptions import DurationParsingException
def parse_duration(text):
    if text != 'P1D': raise DurationParsingException(text)
def format_duration(): return 'P1D'
""",
    "isoduration/exceptions.py": "class DurationParsingException(ValueError): pass",
    "jsonschema.py": """
from rfc3987_syntax import is_valid_syntax
import isoduration, rfc3987_syntax
FAULT = isoduration.DurationParsingException
def is_duration(text):
    try: return isoduration.parse_duration(text) is None
    except FAULT as error: return error.args[0]
""",
}
REPORT = """
import json, os, sys
def report(**more):
    print(json.dumps({"path": os.environ.get("PYTHONPATH"), "loaded": LOADED, **more}))
"""
DATABASE = {
    "jupyterhub.orm", "jupyterhub.roles", "jupyterhub.handlers", "jupyterhub.handlers.pages",
    "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.exc",
}  # fmt: skip
CHECKS = {"rfc3987_syntax", "rfc3987_syntax.parsers", "isoduration", "isoduration.exceptions"}

Run = Callable[..., dict[str, Any]]


class Image:
    """A folder with packages and programs, and our file as a container has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages, self.launcher = folder / "packages", folder / "launcher"
        self.launcher.mkdir()
        shutil.copy(OURS, self.launcher)
        self.environment = {"JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:1/user/ann/"}
        self.path = os.pathsep.join((str(self.launcher), str(self.packages)))
        self.stderr = ""
        for path, text in PACKAGES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        """Put in a module that notes, in ``sys.LOADED``, each time that it is run."""
        file = self.packages / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"import sys\nvars(sys).setdefault('LOADED', []).append(__name__)\n{text}")

    def run(self, program: str, *command: str) -> dict[str, Any]:
        """
        Run a program as a server, or by a command; return what it reports.

        The packages are the image's own PYTHONPATH.
        """
        script = self.folder / "jupyterhub-singleuser"
        text = f"import sys\nvars(sys).setdefault('LOADED', [])\n{REPORT}{program}"
        script.write_text(text.replace("LOADED,", "sys.LOADED,"))
        done = subprocess.run(
            [sys.executable, *(command or [str(script)])],
            env={"PYTHONPATH": self.path, **self.environment},
            input=script.read_text(), capture_output=True, text=True, timeout=60, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.stderr = done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image with JupyterHub 6.1.1."""
    return Image(tmp_path)


SERVER = "from jupyterhub import singleuser\n"


def test_a_server_comes_up_without_database_and_grammars(image: Image) -> None:
    """None of the code behind them is run, and nothing of ours is printed."""
    loaded = set(image.run(SERVER + "report()")["loaded"])

    assert "jupyterhub.singleuser" in loaded
    assert not loaded & (DATABASE | CHECKS)
    assert not image.stderr


def test_what_is_used_is_the_real_thing(image: Image) -> None:
    """A name that a module of the server has taken, in whatever form, stands for the real one."""
    program = (
        SERVER
        + """
from jupyterhub import log, scopes, utils
import jsonschema
answers = [scopes.sa.func(), scopes.orm.User.__name__, scopes.roles.func()]
checks = [jsonschema.is_valid_syntax("iri", value) for value in ("valid", "not valid")]
durations = [jsonschema.is_duration(text) for text in ("P1D", "P1")]
report(answers=answers, checks=checks, tree=jsonschema.rfc3987_syntax.parse("iri"),
       durations=durations, format=jsonschema.isoduration.format_duration(),
       health=log.is_health({}), other=log.is_health(1), caught=utils.caught(ValueError()))
"""
    )

    facts = image.run(program)

    assert facts["answers"] == ["real", "User", "real"]
    assert facts["checks"] == [True, False]
    assert facts["tree"] == "a tree"
    assert (facts["durations"], facts["format"]) == ([True, "P1"], "P1D")
    assert (facts["health"], facts["other"], facts["caught"]) == (True, False, False)


def test_a_server_comes_up_without_what_fetches_lists(image: Image) -> None:
    """Until it fetches one: then the real package does, which all others had all the time."""
    image.write("jupyterlab_server/__init__.py", "")
    image.write(
        "jupyterlab_server/listings_handler.py",
        "import requests\ndef fetch(): return requests.request('GET'), requests.sessions.NAME",
    )
    image.write("requests/__init__.py", "from . import sessions\ndef request(verb): return verb")
    image.write("requests/sessions.py", "NAME = 'real'")
    program = """
from jupyterlab_server.listings_handler import fetch
before = list(sys.LOADED)
import requests.sessions
report(before=before, name=requests.sessions.NAME, fetched=fetch())
"""

    facts = image.run(SERVER + program)

    assert "jupyterlab_server.listings_handler" in facts["before"]
    assert "requests" not in facts["before"]
    assert (facts["name"], facts["fetched"]) == ("real", ["GET", "real"])
    assert sorted(facts["loaded"]) == sorted({*facts["loaded"]})


@pytest.mark.parametrize("fault", ["import nothing_of_this_name", "raise ValueError"])
def test_a_fault_of_the_listings_is_the_extensions_own(image: Image, fault: str) -> None:
    """It is met where it would have been met, and the server itself comes up."""
    image.write("jupyterlab_server/__init__.py", "")
    image.write("jupyterlab_server/listings_handler.py", fault)
    program = """
try: import jupyterlab_server.listings_handler
except Exception as error: report(error=type(error).__name__, finders=str(sys.meta_path))
"""

    facts = image.run(SERVER + program)

    assert facts["error"] in ("ModuleNotFoundError", "ValueError")
    assert "Deferral" not in facts["finders"]


def test_an_extension_imports_the_real_modules(image: Image) -> None:
    """After the server's own import nothing of ours is left: each module is run once, in order."""
    program = (
        SERVER
        + """
import rfc3987_syntax, sqlalchemy.exc, jupyterhub.handlers.pages
from jupyterhub import orm, scopes
report(same=scopes.orm.User is orm.User, finders=[type(one).__name__ for one in sys.meta_path],
       files=[one.__file__ for one in (rfc3987_syntax, sqlalchemy.exc, jupyterhub.handlers.pages)])
"""
    )

    facts = image.run(program)

    assert facts["same"]
    assert "Deferral" not in facts["finders"]
    assert all(file.startswith(str(image.packages)) for file in facts["files"])
    assert sorted(facts["loaded"]) == sorted({*facts["loaded"]})


@pytest.mark.parametrize(
    "early",
    ["import sqlalchemy.engine", "from sqlalchemy import func", "from jupyterhub.orm import User",
     "from sqlalchemy.exc import SQLAlchemyError as E, DBAPIError"],
)  # fmt: skip
def test_what_a_server_needs_at_once_is_there_at_once(image: Image, early: str) -> None:
    """A part that is used while the server is imported ends the deferral, whole and in order."""
    image.write("sqlalchemy/exc.py", "class SQLAlchemyError(Exception): pass\nDBAPIError = 1")
    image.write("jupyterhub/singleuser.py", f"from jupyterhub import scopes\n{early}")
    program = SERVER + "import sqlalchemy\nreport(parts=sqlalchemy.engine.func())"

    facts = image.run(program)

    assert facts["parts"] == "real"
    assert "sqlalchemy.engine" in facts["loaded"]
    assert sorted(facts["loaded"]) == sorted({*facts["loaded"]})


def test_an_unknown_version_keeps_its_database(image: Image) -> None:
    """What is not known to be needless is imported, and the log says so; grammars wait still."""
    image.write("jupyterhub/__init__.py", "__version__ = '7.0.0'")

    loaded = set(image.run(SERVER + "report()")["loaded"])

    assert loaded >= DATABASE
    assert not loaded & CHECKS
    assert "JupyterHub 7.0.0 is unknown" in image.stderr


def test_without_the_grammars_an_import_of_them_fails_as_ever(image: Image) -> None:
    """Who asks whether they are installed is told that they are not."""
    shutil.rmtree(image.packages / "rfc3987_syntax")
    elsewhere = "sys.path[:] = [one for one in sys.path if 'site-packages' not in one]"
    image.write("jupyterhub/singleuser.py", f"{elsewhere}\nimport jsonschema")
    image.write(
        "jsonschema.py", "try: import rfc3987_syntax\nexcept ImportError as e: told = e.name"
    )

    facts = image.run(SERVER + "import jsonschema\nreport(told=jsonschema.told)")

    assert facts["told"] == "rfc3987_syntax"


def test_a_fault_of_ours_makes_an_ordinary_start(image: Image) -> None:
    """The server comes up, and the log says that it was not quick."""
    image.write("jupyterhub/__init__.py", "")

    loaded = set(image.run(SERVER + "report()")["loaded"])

    assert loaded >= DATABASE
    assert "an ordinary start" in image.stderr


@pytest.mark.parametrize(
    ("command", "is_server"),
    [
        (("jupyterhub-singleuser",), True),
        (("-u", "-X", "utf8", "-Wignore", "jupyterhub-singleuser", "--debug"), True),
        (("-m", "jupyterhub.singleuser"), True),
        (("-um", "jupyterlab.labhubapp"), True),
        (("jupyter-labhub",), True),
        (("other.py", "jupyterhub-singleuser"), False),
        (("-", "jupyterhub-singleuser"), False),
        (("-m", "other", "jupyterhub-singleuser"), False),
        (("-cimport other", "jupyterhub-singleuser"), False),
    ],
)
def test_a_server_is_known_by_its_command(
    image: Image, command: tuple[str, ...], is_server: bool
) -> None:
    """By the script or the module that Python runs, whatever options it has."""
    say = "import json, os\nprint(json.dumps({'path': os.environ['PYTHONPATH']}))"
    image.write("jupyterlab/__init__.py", "")
    for module in ("jupyterhub/singleuser.py", "jupyterlab/labhubapp.py", "other.py"):
        image.write(module, say)
    for script in ("jupyter-labhub", "other.py"):
        (image.folder / script).write_text(say)

    path = image.run(say.replace("import json, os", ""), *command)["path"]

    assert path == (str(image.packages) if is_server else image.path)


@pytest.mark.parametrize("own", ["", "/opt/course", "/opt/course::/opt/more"])
def test_children_of_a_server_have_the_images_own_path(image: Image, own: str) -> None:
    """To the letter; and none where it has none."""
    image.environment["PYTHONPATH"] = f"{image.launcher}:{own}" if own else str(image.launcher)
    program = "report(entries=[one for one in sys.path if 'launcher' in one])"

    facts = image.run(program)

    assert facts["path"] == (own or None)
    assert facts["entries"] == []


def test_what_is_no_server_only_loses_sight_of_us(image: Image) -> None:
    """Its child may be the server, so that the environment stays; nothing else is left."""
    program = image.folder / "other.py"
    program.write_text(
        f"LOADED = []{REPORT}report(entries=sys.path, finders=[type(one).__name__ for one in "
        "sys.meta_path], files=[getattr(one, '__file__', '') for one in sys.modules.values()])"
    )

    facts = image.run("", str(program))

    assert facts["path"] == image.path
    assert str(image.launcher) not in facts["entries"]
    assert str(image.launcher / OURS.name) not in facts["files"]  # the system may have one, too
    assert "Deferral" not in facts["finders"]


@pytest.mark.parametrize("command", [(), ("other.py",)])
def test_the_images_own_sitecustomize_is_run(image: Image, command: tuple[str, ...]) -> None:
    """In a server and in all else, once, and it is what goes by that name."""
    image.write("sitecustomize.py", "MINE = True")
    program = "import sitecustomize\nreport(mine=sitecustomize.MINE)"
    (image.folder / "other.py").write_text(
        f"import sys{REPORT.replace('LOADED,', 'sys.LOADED,')}{program}"
    )

    facts = image.run(program, *command)

    assert facts["mine"]
    assert facts["loaded"] == ["sitecustomize"]


def test_a_fault_of_the_images_own_sitecustomize_is_told(image: Image) -> None:
    """As Python tells it, and the server comes up."""
    image.write("sitecustomize.py", "raise ValueError('of mine')")

    assert not set(image.run(SERVER + "report()")["loaded"]) & DATABASE

    assert "ValueError: of mine" in image.stderr


HELD = """
import gc, socket, threading
held = gc.get_threshold()
{between}
other = socket.create_server(("127.0.0.1", 0))  # which is not the server's
server = socket.create_server(("127.0.0.1", {port}))
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(50)
report(held=held, after=gc.get_threshold(), enabled=gc.isenabled())
"""


@pytest.mark.parametrize(
    ("between", "after"), [("", None), ("gc.set_threshold(5, 6, 7)", [5, 6, 7])]
)
def test_garbage_is_held_until_the_server_listens(
    image: Image, between: str, after: list[int] | None
) -> None:
    """Then it is collected as before, or as somebody has set it meanwhile."""
    (port,) = free_ports(1)
    image.environment["JUPYTERHUB_SERVICE_URL"] = f"http://0.0.0.0:{port}/user/ann/"

    facts = image.run(SERVER + HELD.format(between=between, port=port))

    assert facts["held"][0] > 10**9
    assert facts["after"] == (after or list(gc.get_threshold()))
    assert facts["enabled"]


def test_garbage_that_is_not_collected_is_not_held(image: Image) -> None:
    """An image that does without goes on so."""
    image.write("sitecustomize.py", "import gc\ngc.disable()")
    program = "import gc, threading\nreport(on=gc.isenabled(), threads=threading.active_count())"

    facts = image.run(SERVER + program)

    assert (facts["on"], facts["threads"]) == (False, 1)


TRUST = """
import ssl
before = list(vars(ssl.SSLContext))
{begin}
late, now = singleuser.CONTEXT, ssl.create_default_context()
waits = "wrap_bio" in vars(late)
{use}
report(left="set_default_verify_paths" in vars(ssl.SSLContext), waits=waits,
       still="wrap_bio" in vars(late), now=[*vars(now)], checks=late.verify_mode.name,
       trusted=(late.get_ca_certs() == now.get_ca_certs(), len(now.get_ca_certs())))
"""
MAKE_CONTEXT = "import ssl\nCONTEXT = ssl.create_default_context()"


@pytest.mark.parametrize(
    "use",
    ["", "late.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='a')",
     "import socket\nlate.wrap_socket(socket.socket(), server_hostname='a')",
     "late.cert_store_stats()"],
)  # fmt: skip
def test_certificates_are_read_by_whoever_uses_them(image: Image, use: str) -> None:
    """A client that is made for all cases has none until it speaks TLS; then it has those of all
    others. Contexts that are made later have theirs at once."""
    image.write("jupyterhub/singleuser.py", MAKE_CONTEXT)
    shutil.copy(certifi.where(), image.folder / "authorities.pem")
    image.environment["SSL_CERT_FILE"] = str(image.folder / "authorities.pem")

    facts = image.run(TRUST.format(begin=SERVER, use=use))

    assert (facts["waits"], facts["still"]) == (True, not use)
    assert (facts["left"], facts["now"]) == (False, [])
    assert facts["checks"] == "CERT_REQUIRED"
    assert facts["trusted"][0]
    assert facts["trusted"][1] > 0


def test_a_way_to_certificates_of_ones_own_is_left_alone(image: Image) -> None:
    """An image that reads them from elsewhere does so when it always did."""
    image.write(
        "sitecustomize.py",
        "import ssl\ndef mine(context): sys.LOADED.append('mine')\n"
        "ssl.SSLContext.set_default_verify_paths = mine",
    )
    image.write("jupyterhub/singleuser.py", MAKE_CONTEXT)

    facts = image.run(SERVER + "report(shadows=[*vars(singleuser.CONTEXT)])")

    assert "mine" in facts["loaded"]
    assert facts["shadows"] == []


IMAGE = {"Config": {"Env": ["PYTHONPATH=/image", "JUPYTER_PATH=/image/share"]}}


@pytest.mark.parametrize(
    ("quick", "warned", "found"),
    [
        (True, False, {"PYTHONPATH": f"{FOLDER}:/image"}),
        (False, True, {"JUPYTER_PATH": f"{SHARE}:/own"}),
        (True, True, {"PYTHONPATH": f"{FOLDER}:/image", "JUPYTER_PATH": f"{SHARE}:/own"}),
    ],
)
def test_what_is_there_stays_behind_ours(quick: bool, warned: bool, found: dict[str, str]) -> None:
    """What the server is given goes before the image's own; each part comes without the other."""
    given = {"JUPYTER_PATH": "/own", "LANG": "C"}
    assert environment(given, IMAGE, quick, warned) == {**given, **found}


def test_without_any_ours_is_alone() -> None:
    """No empty entry, which would be the folder that somebody happens to be in."""
    found = environment({}, {"Config": {"Env": None}}, True, True)
    assert found == {"PYTHONPATH": FOLDER, "JUPYTER_PATH": SHARE}


def test_the_extension_is_what_jupyterlab_loads() -> None:
    """Its description names files that are there, and nothing else is beside them."""
    folder = OURS.with_name("share") / "labextensions" / "opendata-hub-culling"
    told = json.loads((folder / "package.json").read_text())
    assert told["name"] == folder.name
    assert (folder / told["jupyterlab"]["_build"]["load"]).is_file()
    assert sum(path.is_file() for path in folder.rglob("*")) == 2
