"""``serve``: a kit on the local network, to read and nothing else."""

import contextlib
import errno
import os
import socket
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from .machine import quoted


class Handler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD with files of the kit, those with solutions only if told."""

    extensions_map = {  # a system's own table may have others
        **SimpleHTTPRequestHandler.extensions_map,
        ".html": "text/html; charset=utf-8",
        ".ipynb": "application/x-ipynb+json",
        ".js": "text/javascript",
    }

    def __init__(self, *words, solutions, **options):
        self.solutions = solutions
        super().__init__(*words, **options)

    def send_head(self):
        if self.names_solutions() and not self.solutions:
            self.send_error(HTTPStatus.FORBIDDEN, "The solutions are handed out later")
            return None
        return super().send_head()

    def names_solutions(self):
        """Tell whether the request is for solutions, in whatever letters or by a link."""
        # The disks of Windows and macOS take capitals for small letters, and Windows a
        # short name such as COURSE~1 for a long one.
        folder = os.path.realpath(self.directory)
        path = os.path.realpath(self.translate_path(self.path))
        names = unquote(self.path), path.removeprefix(folder)
        return any("with-solutions" in name.casefold() for name in names)

    def log_message(self, *words):
        pass  # thirty learners ask for thousands of files


class Server(ThreadingHTTPServer):
    """A server for a class that clicks all at once."""

    daemon_threads = True
    request_queue_size = 128
    # Elsewhere it lets a server start again at once; on Windows, two take one port.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request, address):
        # An OSError is a learner who stopped a download.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)


def serve(folder, port=8000, solutions=False):
    """Serve a kit read-only until it is interrupted, and print its address.

    An OSError says in one sentence that there is no kit, or that the port cannot be had.
    """
    with open_server(folder, port, solutions) as server:
        address = own_address()
        print(f"Write on the blackboard: http://{address}:{server.server_port}/")
        if address == "127.0.0.1":
            print("This machine is in no network: nobody else can reach that address.")
        print("To stop, press Ctrl+C.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    print("Stopped.")


def open_server(folder, port, solutions=False):
    """Return a server of a kit that has its port and does not answer yet."""
    folder = Path(folder).expanduser().absolute()
    if not (folder / "index.html").is_file():
        raise OSError(
            f"{folder} is no kit. Make one: python -m helpers.classroom prepare "
            f"{quoted(folder)}"
        )
    if not 0 <= port <= 65535:
        raise OSError(f"Port {port} cannot be: ports go from 1 to 65535.")
    handler = partial(Handler, directory=str(folder), solutions=solutions)
    try:
        return Server(("", port), handler)
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        reason = "is in use" if used else f"cannot be had ({error.strerror})"
        raise OSError(
            f"Port {port} {reason}. Name another one, such as --port {8000 + port % 999}."
        ) from None


def own_address():
    """Return this machine's address in the local network, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for examples; only the route counts
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]
