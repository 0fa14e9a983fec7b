"""What a program in any language does: start the command, read one line, connect, stop it."""

import socket
import struct
import subprocess
import sys

COMMAND = [sys.executable, "-m", "aioibkr", "mock-gateway", "--port", "0"]


def say_hello(host: str, port: int) -> str:
    """Offer the versions 157 to 226; returns the server version the gateway chose."""
    versions = b"v157..226"
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"API\0" + struct.pack(">I", len(versions)) + versions)
        (length,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
        return connection.recv(length, socket.MSG_WAITALL).split(b"\0")[0].decode()


def main() -> None:
    """Start a gateway, greet it, stop it."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as gateway:
        try:
            line = gateway.stdout.readline() if gateway.stdout else ""
            host, _, port = line.removeprefix("listening on ").strip().rpartition(":")
            print("server version", say_hello(host, int(port)))
        finally:
            gateway.terminate()


if __name__ == "__main__":
    main()
