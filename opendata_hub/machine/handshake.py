"""Talking TLS to a port, as a browser begins to: what does it show, does it answer."""

import ssl
from contextlib import closing
from socket import create_connection

from cryptography import x509

_PATIENCE = 5  # seconds


def shown(
    host: str, port: int, address: str, trust: ssl.SSLContext | None = None
) -> x509.Certificate:
    """
    Return the certificate that a port shows to who asks for ``host``.

    Args:
        address: where to connect to.
        trust: what must trust it; without, it is not judged.

    Raises:
        OSError: nothing answers there, or it has no certificate for ``host``, or it is not trusted.
    """
    with closing(_connect(host, port, address, trust or _any())) as channel:
        return x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")


def answers(host: str, port: int, address: str, path: str) -> bool:
    """Whether a page can be had there, whoever certifies it."""
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode()
    try:
        with closing(_connect(host, port, address, _any())) as channel:
            channel.sendall(request)
            return channel.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _connect(host: str, port: int, address: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    plain = create_connection((address, port), _PATIENCE)
    try:
        return trust.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def _any() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
