"""Which ports are free, said before anything is started and by the name of the setting that changes them."""

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A port that we want to listen on, and the setting it comes from."""

    host: str
    number: int
    setting: str


class PortTaken(Exception):
    """Says which ports are taken, and what to set."""


def check(ports: Iterable[Port]) -> None:
    """Raises `PortTaken` with a sentence for every port that cannot be had, or that we name twice."""
    wanted = list(ports)
    sentences = [sentence for port in wanted if (sentence := complaint(port))]
    numbers = [port.number for port in wanted]
    for index, port in enumerate(wanted):
        if port.number in numbers[:index]:
            other = wanted[numbers.index(port.number)].setting
            sentences.append(f"{other} and {port.setting} are both {port.number}. Set one of them to another port.")
    if sentences:
        raise PortTaken("\n".join(sentences))


def complaint(port: Port) -> str | None:
    """Why a server could not listen there now. A port that a stopped server leaves in TIME_WAIT is free."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"Port {port.number} is taken. Set {port.setting} to another one."
            why = os.strerror(error.errno) if error.errno else str(error)
            return f"Port {port.number} on {port.host} cannot be had ({why}). Set {port.setting} to another one."
    return None


def any_free(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
