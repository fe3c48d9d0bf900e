"""Which hosts are this machine: judged by name and address, without asking DNS."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Nobody but this machine reaches it. An empty host is none: servers take it for every address."""
    address = _address(host)
    return _name(host) == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _name(host: str) -> str:
    return host.lower().removesuffix(".")
