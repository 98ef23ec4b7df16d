"""Where a request comes from and what the service's own address is."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from graph_model.settings import Settings

_COOKIE = "lotgraph"


def is_https(settings: Settings, request: Request) -> bool:
    """Whether people reach the service over https, itself or by a proxy in front of it."""
    return settings.public_url.startswith("https://") or request.url.scheme == "https"


def cookie_name(settings: Settings, request: Request) -> str:
    """`__Host-`: over https the browser itself holds the cookie to this host."""
    return f"__Host-{_COOKIE}" if is_https(settings, request) else _COOKIE


def own_origins(settings: Settings, request: Request) -> frozenset[str]:
    """Origins of our own pages."""
    host = request.headers.get("host", "")
    found = {f"{request.url.scheme}://{host}"}
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        found.add(f"{parts.scheme}://{parts.netloc}")
    return frozenset(found)


def from_loopback(request: Request) -> bool:
    """Whether the other end is this machine."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def own_path(target: str) -> str:
    """A path of this service to go on to; anything else becomes the start page."""
    parts = urlsplit(target)
    plain = not parts.scheme and not parts.netloc and "\\" not in target
    inside = plain and target.startswith("/") and not target.startswith("//")
    return target if inside and target.isprintable() else "/"
