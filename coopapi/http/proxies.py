"""The address under which clients reach the service: behind proxies, and under a path prefix such as /coopapi."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from coopapi.setting_values import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def mount(app: Flask, prefix: str, proxies: int) -> None:
    """Serve an application under the prefix of its base URL, or under the prefix that a trusted proxy sends.

    With `proxies` trusted proxies, the client's address is the one that the outermost of them saw. A proxy may remove the prefix of
    the base URL from the path or leave it in. The prefix is not removed here if one of our own paths begins with it.
    """
    inner = app.wsgi_app
    ambiguous = any(rule.rule.startswith(f"{prefix}/") for rule in app.url_map.iter_rules())

    def mounted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME") or prefix
        if not ambiguous and environ["PATH_INFO"].startswith(f"{prefix}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(prefix)
        return inner(environ, start_response)

    app.wsgi_app = ProxyFix(mounted, x_for=proxies, x_proto=0, x_host=0, x_prefix=min(proxies, 1))  # type: ignore[method-assign]
    app.before_request(_admit_prefix)


def _admit_prefix() -> None:
    """Refuse a prefix that is not a plain path, because it is written into links."""
    if not PREFIX.fullmatch(request.script_root):
        raise BadRequest("X-Forwarded-Prefix must be a simple path such as /coopapi.")


def here(path: str) -> str:
    """Return a path of this service with the prefix under which the caller reaches it."""
    return f"{request.script_root}{path}"
