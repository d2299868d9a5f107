"""What a browser is told with every answer: what a page may load, and who may frame it.

Streamlit's frontend runs under these rules on every page of ours, charts, camera, uploads and
downloads included; the browser tests fail on anything that it loads against them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

WHEEL = Path(__file__).parents[1] / "widgets" / "wheel.js"
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


def security_headers(host: str) -> dict[str, str]:
    """The headers of an answer.

    Args:
        host: The Host header of the request.
    """
    return {
        "Content-Security-Policy": content_security_policy(host),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    }


def content_security_policy(host: str) -> str:
    """What a page of ours may load: files of its own server, and pictures that it holds itself.

    Args:
        host: Where the page's WebSocket leads. Not every browser counts it among `'self'`.
    """
    sockets = f"ws://{host} wss://{host}" if _PLAIN_HOST.fullmatch(host) else ""
    rules = {
        "default-src": "'self'",
        # WebAssembly: how Streamlit's protobuf counts beyond 2**53.
        "script-src": f"'self' 'wasm-unsafe-eval' {_scripts_in_index()} {_script_of_wheel()}",
        "style-src": "'self' 'unsafe-inline'",  # Streamlit and Plotly write styles as they draw
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' data: {sockets}",  # data: is how the camera's photograph is read
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in rules.items())


@cache
def _scripts_in_index() -> str:
    """The hashes of the scripts that stand in Streamlit's page itself."""
    import streamlit

    index = Path(streamlit.__file__).with_name("static") / "index.html"
    inline = re.findall(r"<script>(.*?)</script>", index.read_text(encoding="utf-8"), re.DOTALL)
    return " ".join(_hash_of(text) for text in inline)


@cache
def _script_of_wheel() -> str:
    """The hash of the one script of ours, which widgets.viewer puts into a page."""
    return _hash_of(WHEEL.read_text(encoding="utf-8"))


def _hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
