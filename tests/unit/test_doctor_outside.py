"""What ``opendata-hub doctor`` says of a hub's name, and of its ports from outside."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.message
import dns.resolver
import dns.rrset
import pytest
import trustme

from opendata_hub.machine import cloud, names, reach, records
from opendata_hub.machine.health import Finding, Level
from opendata_hub.machine.health.outside import Look, Target, judge
from opendata_hub.machine.names import Name
from opendata_hub.machine.reach import Door, Sight
from tests.ports import free_ports

HOST = "hub.example.org"
HTTPS, HTTP = Door(443, encrypted=True), Door(80, encrypted=False)
TARGET = Target(f"https://{HOST}", HOST, (HTTPS, HTTP), is_known=True)
LAB = Target("http://lab:8000", "lab", (Door(8000, encrypted=False),))
HERE, THERE, SIX = "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888"
BOTH = {443: Sight.OURS, 80: Sight.OURS}


# -- the DNS, past /etc/hosts


@contextmanager
def dns_of(table: Mapping[tuple[str, str], str]) -> Iterator[int]:
    """A server of the DNS on loopback that knows these records; yields its port."""

    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            question = dns.message.from_wire(self.request[0])
            (asked,) = question.question
            answer = dns.message.make_response(question)
            kind = dns.rdatatype.to_text(asked.rdtype)
            if found := table.get((asked.name.to_text(omit_final_dot=True), kind)):
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, found))
            self.request[1].sendto(answer.to_wire(), self.client_address)

    with ThreadingUDPServer(("127.0.0.1", 0), Answer) as server, serving(server):
        yield server.server_address[1]


@contextmanager
def serving(server: ThreadingUDPServer | ThreadingHTTPServer) -> Iterator[None]:
    """Serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def ask_at(monkeypatch: pytest.MonkeyPatch, port: int, patience: float = 60) -> None:
    """Have the DNS asked there."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, patience
    monkeypatch.setattr(records, "_resolver", lambda: resolver)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as cloud-init writes it, with the machine's own name."""
    file = tmp_path / "hosts"
    file.write_text(f"127.0.0.1 localhost\n127.0.1.1 {HOST} hub  # by cloud-init\n")
    monkeypatch.setattr(records, "HOSTS", file)
    return file


@pytest.mark.usefixtures("hosts")
def test_what_the_dns_says_counts_and_not_what_this_machine_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clouds write a machine's own name into /etc/hosts; nobody else reads that."""
    table = {(HOST, "A"): "127.0.0.1", (HOST, "AAAA"): "2001:db8::7"}
    with dns_of(table) as port:
        ask_at(monkeypatch, port)
        found = names.look(HOST)

    assert (found.here, found.elsewhere) == (("127.0.0.1",), ("2001:db8::7",))


@pytest.mark.usefixtures("hosts")
def test_a_name_that_only_this_machine_knows_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS without the record says so; one that is away does not."""
    with dns_of({}) as port:
        ask_at(monkeypatch, port)
        absent = names.look(HOST)
    ask_at(monkeypatch, port, patience=0.2)
    silent = names.look(HOST)

    assert absent.is_absent
    assert absent.fault.startswith(f"Only this machine itself knows {HOST}, as by /etc/hosts")
    assert not silent.is_absent
    assert silent.fault.endswith("this machine's DNS does not answer.")


def test_names_of_hosts_are_whole_words(hosts: Path) -> None:
    """Neither comments count nor parts of other names."""
    hosts.write_text("10.0.0.1 a.org b.org # c.org\n")

    assert records.is_told_here("B.org")
    assert not any(map(records.is_told_here, ("c.org", "org", "10.0.0.1")))
    assert records.is_told_here(socket.gethostname().upper())
    hosts.unlink()
    assert not records.is_told_here("a.org")


# -- the cloud


def metadata(paths: Mapping[str, str], token: str = "") -> type[BaseHTTPRequestHandler]:
    """A cloud's metadata service: pages by path, and a token that it wants to see."""

    class Service(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            """Give a token out, where there are some."""
            self._say(token if self.path == "/latest/api/token" else "")

        def do_GET(self) -> None:
            """Answer who has the token."""
            allowed = self.headers.get("X-aws-ec2-metadata-token", "") == token
            self._say(paths.get(self.path, "") if allowed else "")

        def _say(self, text: str) -> None:
            self.send_response(200 if text else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    return Service


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (metadata({cloud._AWS: HERE}, token="t"), (HERE,)),
        (metadata({cloud._AWS: HERE}), (HERE,)),
        (metadata({cloud._GOOGLE: THERE}), (THERE,)),
        (metadata({cloud._AWS: "<html>welcome</html>"}), ()),
        (metadata({}), ()),
    ],
    ids=["aws", "openstack", "google", "a portal", "nothing"],
)
def test_a_cloud_tells_the_address_that_it_passes_on(
    monkeypatch: pytest.MonkeyPatch, service: type[BaseHTTPRequestHandler], told: tuple[str, ...]
) -> None:
    """The machine itself does not have it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), service) as server, serving(server):
        monkeypatch.setattr(cloud, "PLACE", server.server_address)
        assert cloud.addresses() == told


def test_without_a_cloud_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything waited for."""
    monkeypatch.setattr(cloud, "PLACE", ("127.0.0.1", free_ports(1)[0]))

    assert cloud.addresses() == ()


# -- what answers


class Page(BaseHTTPRequestHandler):
    """Leads on to https, as the hub's port 80 does."""

    def do_GET(self) -> None:
        """Lead on."""
        self.send_response(308)
        self.send_header("Location", f"https://{HOST}{self.path}")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def answering(address: str, port: int, own: trustme.LeafCert | None = None) -> Iterator[None]:
    """Something at an address of loopback, by TLS where it has a certificate."""
    with ThreadingHTTPServer((address, port), Page) as server:
        if own:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            own.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield


def test_a_hub_is_known_by_its_key() -> None:
    """Whoever answers with another certificate for the same name is another machine."""
    authority, (port,) = trustme.CA(), free_ports(1)
    hub, other = authority.issue_cert(HOST), authority.issue_cert(HOST)
    door = Door(port, encrypted=True)
    with (
        answering("127.0.0.1", port, hub),
        answering("127.0.0.2", port, hub),
        answering("127.0.0.3", port, other),
        answering("127.0.0.4", port),
    ):
        places = [f"127.0.0.{number}" for number in (2, 3, 4, 5)]
        seen = reach.look(HOST, [door], "127.0.0.1", places)

    assert [seen[place][port] for place in places] == [
        Sight.OURS, Sight.OTHER, Sight.OTHER, Sight.REFUSED,
    ]  # fmt: skip


def test_without_tls_a_hub_is_known_by_its_answer() -> None:
    """A port at which this machine does not answer itself cannot be compared."""
    port, idle = free_ports(2)
    doors = [Door(port, encrypted=False), Door(idle, encrypted=False)]
    with answering("127.0.0.1", port), answering("127.0.0.2", port):
        seen = reach.look(HOST, doors, "127.0.0.1", ["127.0.0.2"])

    assert seen == {"127.0.0.2": {port: Sight.OURS}}
    assert reach.look(HOST, doors, "127.0.0.1", ["127.0.0.2"]) == {}


# -- what is said


def said(look: Look, target: Target = TARGET) -> list[Finding]:
    """Return what is judged."""
    return list(judge(target, look))


def test_an_address_of_its_own_is_fine_and_what_is_before_it_unknown() -> None:
    """A firewall of the cloud is seen from elsewhere only: the command for that is told."""
    name, outside = said(Look(Name(HOST, (HERE,)), answers=True))

    assert (name.level, outside.level) == (Level.OK, Level.OK)
    assert name.text == f"{HOST} leads to this machine, at {HERE}."
    assert "ports 443 and 80 through cannot be seen" in outside.text
    assert outside.fix == f"on a machine elsewhere: curl -sSkI https://{HOST}"


def test_a_certificate_shows_that_somebody_came_in() -> None:
    """The authority was outside."""
    day = datetime(2026, 11, 20, tzinfo=timezone.utc)
    (_, outside) = said(Look(Name(HOST, (HERE,)), answers=True, certified=day))

    assert "came in from the internet on 2026-11-20" in outside.text


@pytest.mark.parametrize(
    "look",
    [
        Look(Name(HOST, (), (THERE,)), answers=True, seen={THERE: BOTH}),
        Look(Name(HOST, (), (THERE,)), cloud=(THERE,), answers=True, seen={THERE: BOTH}),
    ],
    ids=["a router", "a cloud"],
)
def test_an_address_that_is_passed_on_is_fine(look: Look) -> None:
    """It is known by the hub's own key, or by the cloud's word."""
    name, outside = said(look)

    assert name.text == f"{HOST} leads to this machine, at {THERE}."
    assert outside.text == f"ports 443 and 80 of {THERE} lead to this hub, tried from here."


@pytest.mark.parametrize(
    ("sight", "words"),
    [
        (Sight.SILENT, "gets no answer, tried from here: a firewall before this machine"),
        (Sight.REFUSED, "is refused, tried from here"),
        (Sight.OTHER, "port 80, something else than this hub answers"),
    ],
)
def test_a_port_that_leads_nowhere_is_told(sight: Sight, words: str) -> None:
    """Without port 80 an authority cannot ask."""
    seen = {THERE: {443: Sight.OURS, 80: sight}}
    *_, finding = said(Look(Name(HOST, (), (THERE,)), answers=True, seen=seen))

    assert finding.level is Level.WARNING
    assert words in finding.text
    assert "port 80" in finding.fix


@pytest.mark.parametrize("sight", [Sight.OTHER, Sight.SILENT, Sight.REFUSED])
def test_an_aaaa_record_that_leads_elsewhere_is_told(sight: Sight) -> None:
    """Authorities take it first, and find nobody, or somebody else."""
    seen = {SIX: dict.fromkeys((443, 80), sight)}
    look = Look(Name(HOST, (HERE,), (SIX,)), answers=True, seen=seen)
    (finding,) = (f for f in said(look) if f.level is Level.WARNING)

    assert f"leads to {SIX} too" in finding.text
    assert "ask there first" in finding.text
    assert f"take the AAAA record with {SIX} out of the DNS" in finding.fix


def test_what_cannot_be_known_from_here_is_said_with_how_to_know_it() -> None:
    """A router may pass the ports on and still not lead this machine to itself."""
    seen = {THERE: dict.fromkeys((443, 80), Sight.SILENT)}
    (finding,) = said(Look(Name(HOST, (), (THERE,)), answers=True, seen=seen))

    assert finding.level is Level.WARNING
    assert "right behind a router" in finding.text
    assert finding.fix.startswith(f"on a machine elsewhere: curl -sSkI https://{HOST}; if nothing")


def test_a_private_address_is_no_address_for_an_authority() -> None:
    """In a lab of its own it is the usual one."""
    (public, _) = said(Look(Name(HOST, (), ("10.0.0.7",))))
    (lab, _) = said(Look(Name("lab", (), ("10.0.0.7",))), LAB)

    assert "which nobody reaches from the internet" in public.text
    assert "right behind a router" in lab.text


def test_a_private_address_of_its_own_is_none_either() -> None:
    """Unless the authority came in nevertheless: the DNS says something else outside."""
    day, own = datetime(2026, 11, 20, tzinfo=timezone.utc), Name(HOST, ("10.0.0.7",))
    (public, _), (lab, _) = said(Look(own)), said(Look(Name("lab", ("10.0.0.7",))), LAB)
    (certified,) = said(Look(own, answers=True, certified=day))

    assert public.level is Level.WARNING
    assert public.text.startswith(f"{HOST} leads to 10.0.0.7, a private address, which nobody")
    assert public.fix == "write the public one into the A record"
    assert (lab.level, certified.level) == (Level.OK, Level.OK)


def test_a_name_that_leads_nowhere_is_worse_with_an_authority() -> None:
    """Without one, each machine may have its own way to know it."""
    absent = Name(HOST, fault="It is not in the DNS.", is_absent=True)
    (public,), (lab,) = said(Look(absent)), said(Look(absent), LAB)

    assert (public.level, lab.level) == (Level.FAULT, Level.WARNING)
    assert lab.text.endswith("Students' machines must find it, too.")
    assert said(Look(Name(HOST, fault="Silence.")), LAB)[0].text == "Silence."
    assert said(Look(absent, cloud=(HERE,)))[0].fix == f"by the cloud, the address is {HERE}"


def test_without_a_hub_nothing_is_tried() -> None:
    """There is nothing to compare with."""
    *_, finding = said(Look(Name(HOST, (HERE,))))

    assert finding == Finding(
        "Outside", Level.OK, "what other machines see of the hub is tried when it runs."
    )
