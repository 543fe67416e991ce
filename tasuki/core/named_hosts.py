"""Named hosts: servers whose name somebody typed, and to which we open a line. Nobody reaches the inside of our own network by it.

A name is looked up once, every address it has is looked at, and the line goes to one of those very addresses: what the name means a
moment later changes nothing. Hosts inside are reached only where the installation names them (`TASUKI_MAIL_HOSTS`, `TASUKI_CALENDAR_HOSTS`).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass

from django.conf import settings

_MOST_ADDRESSES = 4
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class HostForbidden(OSError):
    """The host, or its port, is none that may be reached."""


@dataclass(frozen=True)
class Servers:
    """Servers of one kind: the setting that names hosts of our own, and what the others listen on; only a host that is named may listen elsewhere."""

    setting: str
    ports: frozenset[int]

    def names(self, host: str) -> bool:
        """Whether the installation itself names the host: it may be inside, on any port, and be spoken to in the open."""
        return host.casefold().rstrip(".") in getattr(settings, self.setting)


MAIL = Servers("MAIL_HOSTS", frozenset({25, 143, 465, 587, 993, 2525}))
CALENDARS = Servers("CALENDAR_HOSTS", frozenset({443, 8443}))


def connected(host: str, port: int, *, among: Servers, timeout: float) -> socket.socket:
    """A line to the host. Raises HostForbidden, OSError."""
    trusted = among.names(host)
    if not trusted and port not in among.ports:
        raise HostForbidden(f"port {port}")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not trusted and not all(is_outside(str(address[0])) for *_kind, address in found):
        raise HostForbidden(host)
    last: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _name, address in found[:_MOST_ADDRESSES]:
        line = socket.socket(family, kind, protocol)
        line.settimeout(timeout)
        try:
            line.connect(address)
        except OSError as error:
            line.close()
            last = error
        else:
            return line
    raise last


def tls() -> ssl.SSLContext:
    """How a line to such a host is made private: its certificate is verified always, by the house's own authority too where it has one."""
    context = ssl.create_default_context()
    if settings.MAIL_CA:
        context.load_verify_locations(settings.MAIL_CA)
    return context


def is_outside(address: str) -> bool:
    """Whether an address belongs to the world: not to this machine, this network, or nobody; also by the ways IPv6 has to say an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_outside(str(inner))
    return ip.is_global and not ip.is_multicast
