"""A learning platform, as far as LTI 1.3 needs one: it starts launches and signs who comes."""

import html
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT = "the-hub"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


class Platform:
    """One platform, on a port of its own, with a pair of keys of its own."""

    def __init__(self, port: int, hub: str) -> None:
        self.url, self._hub = f"http://127.0.0.1:{port}", hub
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.launches: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever)

    def run(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def end(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def launch(self, user: str, course: str, **changes: Any) -> str:
        """
        Return the address of the link in a course that opens the hub.

        Args:
            changes: claims that are not what they should be; ``key`` signs instead of its own.
        """
        hint = secrets.token_hex(8)
        self.launches[hint] = {"user": user, "course": course, **changes}
        return f"{self.url}/course?{urlencode({'hint': hint})}"

    def begin(self, hint: str) -> str:
        """The page that sends the browser to the hub with the platform's first word."""
        return form(
            f"{self._hub}/hub/lti13/oauth_login",
            iss=self.url,
            client_id=CLIENT,
            login_hint=hint,
            target_link_uri=f"{self._hub}/hub/",
            lti_message_hint=hint,
        )

    def answer(self, asked: dict[str, str]) -> str:
        """The page that sends the browser to the hub with a signed token."""
        assert asked["response_type"] == "id_token"
        assert asked["client_id"] == CLIENT
        token = self.token(**{"nonce": asked["nonce"], **self.launches[asked["login_hint"]]})
        return form(asked["redirect_uri"], state=asked["state"], id_token=token)

    def token(self, user: str, course: str, key: Any = None, **changes: Any) -> str:
        """Sign who comes from where."""
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "17",
            "email": user,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}deployment_id": "1",
            f"{CLAIM}target_link_uri": f"{self._hub}/hub/",
            f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            f"{CLAIM}resource_link": {"id": "4"},
            f"{CLAIM}context": {"id": "9", "label": course, "title": course},
            **changes,
        }
        return jwt.encode(claims, key or self.key, "RS256", {"kid": "one"})

    def keys(self) -> str:
        """The public key, as a set."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]})


def form(url: str, **fields: str) -> str:
    """A page that sends itself."""
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    send = "<script>document.forms[0].submit()</script>"
    return f'<form method="post" action="{html.escape(url)}">{inputs}</form>{send}'


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/keys":
                self._send(platform.keys(), "application/json")
            elif parts.path == "/auth":
                self._send(platform.answer(asked))
            else:
                self._send(platform.begin(asked["hint"]))

        def _send(self, text: str, kind: str = "text/html") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
