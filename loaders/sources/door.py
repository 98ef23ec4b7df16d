"""The one door to other systems: an allow-list, no redirects, no surprise addresses, patience.

A name is resolved once a connection and the connection goes to that very address, so that a name
which answers differently the second time gains nothing. Secrets appear in no message: neither
addresses with their query nor headers are told.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from graph_model.errors import BadInput, SourceError
from loaders.sources.config import Network

# It tells whole addresses, and some systems want their credentials in the query.
logging.getLogger("httpx").setLevel(logging.WARNING)

MOST_BYTES = 64 << 20
"""No answer may be larger."""
_TRIES = 6
_LONGEST_WAIT = 60.0
_SECONDS = 60.0
_BUSY = frozenset({429, 502, 503, 504})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Answer = TypeVar("Answer")


class TryAgain(Exception):
    """The system is busy for the moment; `seconds`: when it said it would not be (0: unknown)."""

    def __init__(self, why: str, seconds: float = 0) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True)
class Pace:
    """How fast a system may be asked, and how long to be patient with it."""

    per_second: int = 10
    first_wait: float = 1.0
    seconds: float = _SECONDS


class Door:
    """Asks one system. `source` names it in messages."""

    def __init__(self, source: str, address: str, network: Network, pace: Pace) -> None:
        self.source = source
        self._base = checked(source, address, network).rstrip("/")
        self._limit = RateLimitItemPerSecond(pace.per_second)
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._pace = pace
        self._client = httpx.Client(
            transport=_Pinned(source, network), follow_redirects=False, trust_env=False,
            timeout=httpx.Timeout(pace.seconds, connect=10),
        )  # fmt: skip

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        busy: Callable[[httpx.Response], bool] = lambda answer: False,
        **request: Any,
    ) -> httpx.Response:
        """One answer, whatever its status; asked again while the system is busy or out of reach.

        `busy` knows the answers by which the system itself says that it was asked too fast.
        Raises SourceError where it stays so, or where an answer is a redirect or too large.
        """
        url = f"{self._base}/{path}" if path else self._base

        def once() -> httpx.Response:
            self._wait()
            answer = self._sent(method, url, request)
            if answer.status_code in _BUSY or busy(answer):
                raise TryAgain(f"HTTP {answer.status_code}", _retry_after(answer.headers))
            return answer

        return self.patient(once)

    def patient(self, act: Callable[[], Answer]) -> Answer:
        """Does it again while it raises TryAgain, waiting longer each time."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=self._pause,
            reraise=True,
        )
        try:
            return retrying(act)
        except TryAgain as error:
            raise SourceError("source_unreachable", source=self.source, why=str(error)) from error

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.seconds if isinstance(error, TryAgain) else 0
        grown = tenacity.wait_exponential_jitter(
            multiplier=self._pace.first_wait, max=_LONGEST_WAIT, jitter=self._pace.first_wait
        )(state)
        return min(max(told, grown), _LONGEST_WAIT)

    def _wait(self) -> None:
        while not self._window.hit(self._limit, self.source):
            stats = self._window.get_window_stats(self._limit, self.source)
            time.sleep(max(stats.reset_time - time.time(), 0.01))

    def _sent(self, method: str, url: str, request: Mapping[str, Any]) -> httpx.Response:
        try:
            with self._client.stream(method, url, **request) as answer:
                if answer.is_redirect:
                    raise SourceError("source_redirects", source=self.source)
                content = bytearray()
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        raise SourceError("source_too_large", source=self.source)
                return httpx.Response(
                    answer.status_code, headers=_plain(answer.headers), content=bytes(content),
                    request=answer.request,
                )  # fmt: skip
        except httpx.HTTPError as error:
            # Its text may hold the whole address.
            raise TryAgain(type(error).__name__) from error


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Without what was true of the content as it came over the wire."""
    gone = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in headers.multi_items() if name not in gone]


def _retry_after(headers: Mapping[str, str]) -> float:
    told = headers.get("retry-after", "")
    return float(told) if told.isdigit() else 0


def checked(source: str, address: str, network: Network) -> str:
    """The address, if it may be asked at all. Raises BadInput.

    Its host must be on the list; without encryption only private addresses on the list are asked.
    """
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
        httpx.URL(address)
    except (ValueError, httpx.InvalidURL) as error:
        raise BadInput("source_address_bad", source=source, address=address) from error
    if parts.scheme not in ("https", "http") or not host:
        raise BadInput("source_address_bad", source=source, address=address)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadInput("source_address_bad", source=source, address=address.partition("@")[2])
    if host not in network.allow:
        raise BadInput("source_host_not_allowed", source=source, host=host)
    if parts.scheme == "http" and not _is_listed(host, network):
        raise BadInput("source_not_encrypted", source=source, host=host)
    return address


def allowed(source: str, host: str, port: int, network: Network) -> None:
    """Raises BadInput or SourceError unless a host that others connect to may be asked."""
    if host.lower() not in network.allow:
        raise BadInput("source_host_not_allowed", source=source, host=host)
    if not all(permitted(each, network) for each in _resolved(host, port)):
        raise SourceError("source_private", source=source, host=host)


def _is_listed(host: str, network: Network) -> bool:
    """Whether all that the name stands for is on the list of private addresses."""
    try:
        found = _resolved(host, 0)
    except OSError:
        return False
    return bool(found) and all(any(each in net for net in network.private) for each in found)


def _resolved(host: str, port: int) -> list[Address]:
    """What a name stands for, every form of writing a number included."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    plain = dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers)
    return [ipaddress.ip_address(each) for each in plain]


def permitted(address: Address, network: Network) -> bool:
    """Whether an address is a public one, or one of the private ones that are listed.

    An address of version 4 inside one of version 6 counts as what it stands for.
    """
    inner = _inside(address)
    if any(address in net or inner in net for net in network.private):
        return True
    return all(each.is_global and not each.is_multicast for each in (address, inner))


def _inside(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


class _Pinned(httpx.BaseTransport):
    """Connects to the address that was looked at, under the name that was asked for."""

    def __init__(self, source: str, network: Network) -> None:
        self._source, self._network = source, network
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host not in self._network.allow:
            raise SourceError("source_host_not_allowed", source=self._source, host=host)
        try:
            found = _resolved(host, request.url.port or 0)
        except OSError as error:
            raise TryAgain("name not found") from error
        if not found or not all(permitted(each, self._network) for each in found):
            raise SourceError("source_private", source=self._source, host=host)
        request.extensions["sni_hostname"] = host
        request.url = request.url.copy_with(host=str(found[0]))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
