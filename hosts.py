"""Which hosts are this machine, and which are on a private network: judged by name and address, without asking DNS."""

from ipaddress import IPv4Address, IPv6Address, ip_address

# Reserved for private use (RFC 6762, RFC 8375, ICANN's .internal), or used so by routers and Kubernetes.
PRIVATE = (".local", ".home.arpa", ".internal", ".lan", ".svc")


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


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _name(host: str) -> str:
    return host.lower().removesuffix(".")
