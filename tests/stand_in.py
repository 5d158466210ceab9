"""A server in JupyterLab's place, for tests of all but the notebook: it is up at once."""

import jupyterhub

BASE = "opendata-hub/debian:bookworm"
"""What the image stands on."""

# It ends when it is asked to, as the first process of a container does only by its own will.
LINES = f"""
CMD ["python3", "-c", "\\
import signal, sys\\n\\
from http.server import *\\n\\
signal.signal(signal.SIGTERM, lambda *_: sys.exit())\\n\\
class H(BaseHTTPRequestHandler):\\n\\
    def do_GET(self):\\n\\
        self.send_response(200)\\n\\
        self.send_header('X-JupyterHub-Version', '{jupyterhub.__version__}')\\n\\
        self.end_headers()\\n\\
HTTPServer(('', 8888), H).serve_forever()"]
"""
"""Of its Dockerfile."""

GATE = r"""
ENTRYPOINT ["sh", "-c", "until [ -e /tmp/go ]; do sleep 0.1; done; exec \"$@\"", "--"]
"""
"""Before :data:`LINES`: the server comes up when the test opens the gate."""

STUBBORN = r"""
ENTRYPOINT ["sh", "-c", "\"$@\"; exit", "--"]
"""
"""Before :data:`LINES`: the server does not end when it is asked to."""
