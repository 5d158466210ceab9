"""
A quick start for the notebook server of any image; runs in its container, never in the hub.

The folder of this file leads ``PYTHONPATH`` there: each Python of the container, wherever it lies,
runs it first, and goes on to the image's own ``sitecustomize``. In the server's process it also

- takes itself out of the environment: kernels and terminals see the image's;
- defers imports of which a server uses nothing, until somebody does; and the certificates of the
  authorities that the machine trusts, until somebody speaks TLS;
- holds garbage collection until the server listens, and then has JupyterLab's page compiled.

Whatever is unexpected makes it an ordinary start. It runs on Python 3.8 and newer, and imports
next to nothing, for every Python of the container pays for that.
"""

import gc
import importlib
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

HERE = os.path.dirname(os.path.abspath(__file__))

BEGIN = "jupyterhub.singleuser"
"""All of it happens while this is being imported: the extensions of a server are loaded later."""

SERVERS = {BEGIN, "jupyterhub-singleuser", "jupyter-labhub", "jupyterlab.labhubapp"}
"""Scripts, and modules for ``python -m``, that are a hub's server."""

KNOWN = {"4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "6.0", "6.1"}
"""Versions of JupyterHub in which a server needs nothing of ``DATABASE``."""

HTTP = "requests"
LISTINGS = "jupyterlab_server.listings_handler"
"""Takes ``HTTP`` for lists of extensions to block, which hardly any site has."""

HELD = 2**31 - 1  # objects until the next collection, which nothing reaches
PATIENCE = 15.0  # seconds for which garbage is held, at most
LOOK_AGAIN = 0.2  # seconds


def is_valid_syntax(*args: object, **kwargs: object) -> object:
    """Import ``rfc3987_syntax`` and call its function of this name."""
    return DEFERRAL.real("rfc3987_syntax").is_valid_syntax(*args, **kwargs)


class DurationParsingException(ValueError):
    """In the place of the one of ``isoduration``, which jsonschema takes to catch it."""


def parse_duration(*args: object, **kwargs: object) -> object:
    """Import ``isoduration`` and call its function of this name."""
    real = DEFERRAL.real("isoduration")
    try:
        return real.parse_duration(*args, **kwargs)
    except real.DurationParsingException as error:
        raise DurationParsingException(*error.args) from error


CHECKS = {
    "rfc3987_syntax": {"is_valid_syntax": is_valid_syntax},
    "isoduration": {
        "parse_duration": parse_duration,
        "DurationParsingException": DurationParsingException,
    },
}  # type: dict[str, dict[str, object]]
"""What jsonschema checks addresses and durations with, which hardly anything asks for: the one
builds some 35 parsers at its import, the other brings a library for dates."""

DATABASE = {
    "sqlalchemy": {},
    "sqlalchemy.exc": {"SQLAlchemyError": type("SQLAlchemyError", (Exception,), {})},
    "jupyterhub.orm": {},
    "jupyterhub.roles": {},
    "jupyterhub.handlers": {},
    "jupyterhub.handlers.pages": {"HealthCheckHandler": type("HealthCheckHandler", (), {})},
}  # type: dict[str, dict[str, object]]
"""The hub's half of JupyterHub, and what is taken out of it by name. Only a hub raises these errors
and answers with these handlers: to a server, classes do that are nothing but their names."""


def main() -> None:
    """Make the start of a server quick; leave any other process alone."""
    try:
        if program(command()) in SERVERS:
            leave_environment()
            sys.meta_path.insert(0, DEFERRAL)
    except Exception as error:
        tell(f"an ordinary start, for the quick one failed: {error!r}")


def tell(what: str) -> None:
    """Leave a line in the server's log."""
    print(f"opendata-hub: {what}", file=sys.stderr)


def command() -> "list[str]":
    """Return what this process's Python was called with, its own options included."""
    if hasattr(sys, "orig_argv"):
        return list(sys.orig_argv[1:])
    with open("/proc/self/cmdline") as line:  # before Python 3.10
        return line.read().split("\0")[1:-1]


def program(arguments: "list[str]") -> str:
    """Return what a Python is to run: a script's or a module's name, or code; else nothing."""
    rest = iter(arguments)
    for argument in rest:
        if argument == "-" or not argument.startswith("-"):
            return os.path.basename(argument)
        option = argument.lstrip("-bBdEhiIOPqsSuvVx?")
        if option in ("W", "X"):
            next(rest, "")
        elif option[:1] in ("c", "m"):
            return option[1:] or next(rest, "")
    return ""


def leave_environment() -> None:
    """Let children have the image's own ``PYTHONPATH``, and none where it has none."""
    entries = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    theirs = os.pathsep.join(entry for entry in entries if entry != HERE)
    if theirs:
        os.environ["PYTHONPATH"] = theirs


class StandIn(ModuleType):
    """Is in a module's place, and is what that module is as soon as anything of it is used."""

    def __getattr__(self, name: str) -> object:
        """Return what the real module has under this name."""
        if name.startswith("__"):  # questions of the import system, which are no use of it
            raise AttributeError(name)
        return getattr(DEFERRAL.real(self.__name__), name)


class Deferral:
    """Finder and loader of stand-ins, until the server is imported or one of them is used."""

    deferred = dict(CHECKS)

    def find_spec(self, name: str, path: object, target: object = None) -> "ModuleSpec | None":
        """Answer as an entry of ``sys.meta_path`` does; None is "ask the others"."""
        if name.rpartition(".")[0] in self.deferred and name not in self.deferred:
            module = self.real(name)  # and first the package that it is in
            module.__spec__ = ModuleSpec(name, Handover(module))  # type: ignore[arg-type]
            return module.__spec__
        if name != BEGIN and name not in self.deferred:
            return None
        try:
            spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type]
            return spec and (self._begun(spec) if name == BEGIN else self._stand_in(spec))
        except Exception as error:
            self.end()
            tell(f"an ordinary start, for the quick one failed: {error!r}")
            return None

    def _begun(self, spec: ModuleSpec) -> ModuleSpec:
        version = str(sys.modules["jupyterhub"].__version__)
        if ".".join(version.split(".")[:2]) not in KNOWN:
            tell(f"a start that is less quick, for JupyterHub {version} is unknown to it")
        elif not DATABASE.keys() & sys.modules.keys():
            self.deferred.update(DATABASE)
        self._end_after(spec.loader)
        put_off_certificates()
        hold_garbage()
        return spec

    def _end_after(self, loader: object) -> None:
        load = loader.exec_module  # type: ignore[attr-defined]

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module  # type: ignore[attr-defined]
            try:
                load(module)
            finally:
                self.end()
                read_certificates_again()
            self._import_without(HTTP, LISTINGS)

        loader.exec_module = exec_module  # type: ignore[attr-defined]

    def _import_without(self, deferred: str, name: str) -> None:
        """Import a module a little early, so that nobody else sees what stands in for another."""
        if deferred in sys.modules:
            return
        self.deferred = {deferred: {}}
        sys.meta_path.insert(0, self)
        try:
            importlib.import_module(name)
        except Exception:  # it is not there, or the extension that needs it says what it lacks
            return
        finally:
            self.end()

    def _stand_in(self, real: ModuleSpec) -> ModuleSpec:
        spec = ModuleSpec(real.name, self)  # type: ignore[arg-type]
        spec.submodule_search_locations = real.submodule_search_locations
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a stand-in."""
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give a stand-in what may be taken from it."""
        vars(module).update(self.deferred[module.__name__])

    def end(self) -> None:
        """Leave nothing behind: whoever imports a module from now on gets the real one."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in self.deferred:
            found, (parent, _, child) = sys.modules.get(name), name.rpartition(".")
            if isinstance(found, StandIn):
                del sys.modules[name]
                vars(sys.modules.get(parent, found)).pop(child, None)

    def real(self, name: str) -> ModuleType:
        """Return the module itself."""
        self.end()
        return importlib.import_module(name)


class Handover:
    """Loader of a module that was imported while it was being looked for."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return it."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it was."""
        module.__spec__ = self.spec


CERTIFICATES = "set_default_verify_paths"
"""What Python's TLS contexts read them by, and nothing else: each of them all, which takes longer
than any other import. The HTTP clients of a server make some for all cases."""

USES = ("wrap_socket", "wrap_bio", "get_ca_certs", "cert_store_stats")
"""What a context is used by where it matters whom it trusts."""


def put_off_certificates() -> None:
    """Have contexts that are made from now on read them just before they are used first."""
    from ssl import SSLContext

    if CERTIFICATES not in vars(SSLContext):  # else somebody else has a way of their own
        setattr(SSLContext, CERTIFICATES, await_use)


def read_certificates_again() -> None:
    """Have new contexts read them at once, as ever."""
    from ssl import SSLContext

    if vars(SSLContext).get(CERTIFICATES) is await_use:
        delattr(SSLContext, CERTIFICATES)


def await_use(context: object) -> None:
    """Read a context's certificates when it is used; one that has not read them trusts nobody."""
    from ssl import SSLContext

    def used(name: str) -> object:
        def use(*args: object, **kwargs: object) -> object:
            getattr(super(SSLContext, context), CERTIFICATES)()
            for one in USES:
                vars(context).pop(one, None)
            return getattr(context, name)(*args, **kwargs)

        return use

    vars(context).update({name: used(name) for name in USES})


def hold_garbage() -> None:
    """Put off collections until the server listens: nearly all that a start makes stays."""
    from threading import Thread

    before = gc.get_threshold()
    if before[0] and gc.isenabled():
        gc.set_threshold(HELD, *before[1:])
        Thread(target=give_back, args=(before,), daemon=True).start()


def give_back(before: "tuple[int, int, int]") -> None:
    """Collect as before, once the server listens; unless somebody has set it otherwise."""
    from time import monotonic, sleep

    end = monotonic() + PATIENCE
    try:
        while monotonic() < end and not listens():
            sleep(LOOK_AGAIN)
    finally:
        if gc.get_threshold()[0] == HELD:
            if not gc.get_freeze_count():
                gc.freeze()  # what is there becomes old, and is not looked at here and now
                gc.unfreeze()
            gc.set_threshold(*before)
    compile_page()


def compile_page() -> None:
    """Have JupyterLab's page ready for its first visitor; a server without one goes without."""
    try:
        server = sys.modules["jupyter_server.serverapp"].ServerApp
        if server.initialized():
            settings = server.instance().web_app.settings
            settings["lab_jinja2_env"].get_template("index.html")
    except Exception:  # whatever is missing is told to whoever asks for the page
        return


def listens() -> bool:
    """Whether this process listens on the server's port."""
    url = os.environ.get("JUPYTERHUB_SERVICE_URL", "")
    digits = url.partition("://")[2].partition("/")[0].rpartition(":")[2]
    files = map(int, os.listdir("/proc/self/fd"))
    return any(listens_by(number, int(digits or 0)) for number in files)


def listens_by(number: int, port: int) -> bool:
    """Whether an open file is a socket that listens on a port.

    The kernel's table of sockets, /proc/net/tcp, would say it as well: to read that takes
    milliseconds, for it is as long as the memory of the machine allows.
    """
    from socket import AF_INET6, SO_ACCEPTCONN, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, socket

    try:
        # Said to be one that does not block, it is left as it is, whatever it is.
        found = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, fileno=number)
    except OSError:
        return False
    try:
        is_open = found.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)
        return bool(is_open) and found.getsockname()[1:2] == (port,)
    except OSError:  # it is no socket, or closed by now
        return False
    finally:
        found.detach()


def hand_on() -> None:
    """Be replaced by the image's own ``sitecustomize``, or by none where it has none."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
    sys.path_importer_cache.pop(HERE, None)
    del sys.modules[__name__]
    importlib.import_module(__name__)  # its ImportError is for Python, which ignores that one


DEFERRAL = Deferral()
if __name__ == "sitecustomize":  # and not a module of the package, which something walks through
    main()
    hand_on()
