"""Names and addresses of hosts, and origins: what they say of themselves, without asking DNS."""

import re
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address

# Reserved for private use (RFC 6762, RFC 8375, ICANN's .internal), or used so by routers and Kubernetes.
PRIVATE = (".local", ".home.arpa", ".internal", ".lan", ".svc")
EVERY = "*"
# A Host header (RFC 9110, section 7.2): a name or an address, IPv6 in brackets, and perhaps a port.
HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?/?")
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it. An empty host is not loopback: servers take it for every address."""
    address = _address(host)
    return _name(host) == "localhost" if address is None else address.is_loopback


def from_here(host: str) -> str:
    """The host of a URL at which this machine reaches a server that listens on `host`."""
    address = _address(host)
    if address is None:
        return host or "127.0.0.1"
    if address.is_unspecified:
        return "[::1]" if isinstance(address, IPv6Address) else "127.0.0.1"
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)


def is_private(host: str) -> bool:
    """Whether it is an address that the internet does not route, or a name of a local network, such as `ollama`."""
    address = _address(host)
    if address is not None:
        return not address.is_global
    name = _name(host)
    # A letter first: resolvers take a plain number for an address.
    return name.endswith(PRIVATE) or ("." not in name and name[:1].isalpha())


def host_in(header: str) -> str | None:
    """The host of a Host header, as `plain` has it; None where the header is malformed."""
    found = HOST.fullmatch(header)
    return None if found is None else plain(found[1] or found[2])


def answers(host: str, names: Container[str]) -> bool:
    """Whether a server called `names` answers for `host`. Both are as `plain` has them.

    An address cannot be rebound: a browser sends it only to itself. Neither can the names of this machine for itself.
    """
    ours = EVERY in names or host in names
    return ours or host == "localhost" or host.endswith(".localhost") or _address(host) is not None


def plain(name: str) -> str:
    return _name(name.strip()).strip("[]")


def origin_of(written: str) -> str:
    """The origin as browsers send it. Raises `ValueError` for one that no page has, and for one that any page can."""
    if written.lower() == "null":
        raise ValueError("null is the origin of every sandboxed frame, so any page could use it. Leave it out.")
    found = ORIGIN.fullmatch(written.lower())
    if found is None or int(found[3] or 0) > 65535:
        raise ValueError(f"{written!r} is not the origin of a page: expected https://HOST or https://HOST:PORT.")
    scheme, host, port = found.groups()
    return f"{scheme}://{host}" + (f":{int(port)}" if port and int(port) != DEFAULT_PORTS.get(scheme) else "")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _name(host: str) -> str:
    return host.lower().removesuffix(".")
