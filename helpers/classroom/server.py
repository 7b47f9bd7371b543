"""``serve``: a kit on the local network, to read and nothing else."""

import contextlib
import errno
import os
import re
import socket
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..engine.files import PYTHON
from .machine import ARCHIVE, quoted

HELD = "index.html", "course", "course.zip", "slides", "wheels", ARCHIVE
PAGE = "index-with-solutions.html"  # has a link to them
SOLUTIONS = "course-with-solutions", "course-with-solutions.zip", PAGE
RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


class Handler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD with what a kit holds, with solutions only if told.

    A download that broke off goes on where it was (RFC 9110, section 14).
    """

    left = None  # bytes of a range that are to be sent
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
        page = Path(self.directory, PAGE)
        if self.solutions and self.path in ("/", "/index.html") and page.is_file():
            self.path = f"/{PAGE}"
        path = Path(self.translate_path(self.path))
        # By the very name that `prepare` gives: a disk may take capitals for small
        # letters, a dot at the end for none, and COURSE~1 for a longer name.
        top = str(path.relative_to(self.directory)).split(os.sep)[0]
        named = "with-solutions" in top.casefold()
        if not self.solutions and (named or self.leads_to_solutions(path)):
            self.send_error(HTTPStatus.FORBIDDEN, "The solutions are handed out later")
            return None
        if top not in (".", *HELD, *SOLUTIONS) or "\0" in str(path):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if self.command == "GET" and "Range" in self.headers and path.is_file():
            return self.send_range(path)
        return super().send_head()

    def leads_to_solutions(self, path):
        """Tell whether a path comes to solutions by a link."""
        hidden = [Path(self.directory, name) for name in SOLUTIONS]
        hidden = [one for one in hidden if one.exists()]
        with contextlib.suppress(OSError, ValueError):  # there is no such file
            path = path.resolve(strict=True)
            return any(
                up.samefile(one) for up in (path, *path.parents) for one in hidden
            )

    def send_range(self, path):
        """Begin an answer of a single range, or of the whole file if none can be given."""
        about = path.stat()
        size, changed = about.st_size, self.date_time_string(about.st_mtime)
        asked = RANGE.fullmatch(self.headers["Range"].strip())
        if not asked or self.headers.get("If-Range", changed) != changed:
            return super().send_head()
        first, last, final = (int(x) if x else None for x in asked.groups())
        if first is None:  # the final so many bytes
            first, last = max(0, size - final), size
        elif last is None:
            last = size
        elif last < first:
            return super().send_head()
        self.left = min(last + 1, size) - first
        none = self.left <= 0
        self.send_response(416 if none else HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(max(0, self.left)))
        span = "*" if none else f"{first}-{first + self.left - 1}"
        self.send_header("Content-Range", f"bytes {span}/{size}")
        self.send_header("Last-Modified", changed)
        self.end_headers()
        if none:
            return None
        file = path.open("rb")
        file.seek(first)
        return file

    def copyfile(self, source, target):
        if self.left is None:
            return super().copyfile(source, target)
        while block := source.read(min(self.left, 1 << 16)):
            target.write(block)
            self.left -= len(block)

    def end_headers(self):
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *words):
        pass  # thirty learners ask for thousands of files


class Server(ThreadingHTTPServer):
    """A server for a class that clicks all at once."""

    daemon_threads = True
    request_queue_size = 128
    # Elsewhere it lets a server start again at once; on Windows, two take one port.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request, address):
        pass  # whatever a learner sends, nothing of it is read on the projector


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
    folder = Path(os.path.expanduser(folder)).absolute()
    if not (folder / "index.html").is_file():
        raise OSError(
            f"{folder} is not a kit. Make one: {PYTHON} -m helpers.classroom prepare "
            f"{quoted(folder)}"
        )
    if not 0 <= port <= 65535:
        raise OSError(f"Port {port} cannot be: ports go from 1 to 65535.")
    handler = partial(Handler, directory=str(folder), solutions=solutions)
    try:
        return Server(("", port), handler)
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        reason = "is in use" if used else f"is not available ({error.strerror})"
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
