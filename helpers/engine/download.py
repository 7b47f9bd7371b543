"""What an address answers, and one file from the first mirror that is fast enough.

pooch writes to a temporary file, checks its SHA-256, and only then gives it its name.
What is added here: several mirrors, when to leave one, a bar that stays plain text.
"""

import logging
import os
import shutil
import sys
import time
from collections import deque
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import pooch
import requests
import urllib3
from tqdm import tqdm

TIME_LIMIT = 180  # seconds for the whole file; a mirror that needs more is left
JUDGE_AFTER = 8  # seconds of data before a mirror is judged
WINDOW = 3  # seconds over which its present speed is measured
CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 15  # seconds without a single byte
BLOCK = 1 << 16  # bytes


class TooSlow(Exception):
    """The whole file would take longer than `TIME_LIMIT`."""


class Projection:
    """Foretells, block by block, how long a file of `size` bytes will take.

    The higher of two speeds counts: the average so far, and that of the last few
    seconds. A stall at the start spoils the first only, one in the middle the second
    only; a mirror that is slow, or trickles, is slow by both.
    """

    def __init__(self, size):
        self.size, self.first, self.recent = size, None, deque()

    def update(self, now, done):
        """Note that `done` bytes have come at the time `now`; raise `TooSlow`, if it is."""
        self.first = self.first or (now, done)
        self.recent.append((now, done))
        while len(self.recent) > 1 and self.recent[1][0] <= now - WINDOW:
            self.recent.popleft()
        elapsed = now - self.first[0]
        if elapsed < JUDGE_AFTER:
            return
        speed = max(
            (done - done_then) / (now - then)
            for then, done_then in (self.first, self.recent[0])
        )
        if elapsed + (self.size - done) / speed > TIME_LIMIT:
            raise TooSlow


class Refused(Exception):
    """An answer that is none; its text is the HTTP status, such as ``404``."""


@contextmanager
def answer(address, timeout, **headers):
    """Ask an address; give the headers of its answer, and its bytes as they come.

    Raises `Refused`; TimeoutError after a silence of `timeout` seconds; ConnectionError if
    there is none or it breaks off. That holds for the whole block under ``with``.
    """
    try:
        request = requests.get(address, headers=headers, stream=True, timeout=timeout)
        with request as response:
            response.raise_for_status()
            # read1 gives what has come. read waits for a whole block, so that a server
            # that trickles would never be judged.
            yield response.headers, iter(partial(response.raw.read1, BLOCK), b"")
    except requests.HTTPError as error:
        raise Refused(error.response.status_code) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise TimeoutError from None
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        raise ConnectionError from None


def stream(url, output_file, _, size):
    """Write what `url` serves to `output_file`: a downloader for `pooch.retrieve`."""
    given = answer(url, (CONNECT_TIMEOUT, READ_TIMEOUT))
    with given as (headers, blocks), open(output_file, "wb") as file:
        if int(headers.get("Content-Length", size)) != size:
            raise ValueError("A different size was announced.")
        projection = Projection(size)
        form = {"unit": "B", "unit_scale": True, "ncols": 79, "leave": False}
        host = urlsplit(url).hostname
        with tqdm(desc=host, total=size, file=sys.stdout, **form) as bar:
            for block in blocks:
                file.write(block)
                bar.update(len(block))
                if bar.n > size:
                    raise ValueError("More bytes arrived than were announced.")
                projection.update(time.monotonic(), bar.n)
    os.chmod(output_file, 0o644)  # pooch makes it readable for its owner alone


def try_mirror(url, target, size, sha256):
    """Download from one mirror; return why that failed, or None."""
    try:
        downloader = partial(stream, size=size)
        pooch.retrieve(url, sha256, target.name, target.parent, downloader=downloader)
    except TooSlow:
        return f"too slow, it would take over {TIME_LIMIT / 60:g} minutes"
    except Refused as status:
        return f"it answered {status}"
    except TimeoutError:
        return "no answer"
    except ConnectionError:
        return "no connection, or it was interrupted"
    except ValueError:
        return "it sent a different file (its size or checksum differs)"


def download(mirrors, target, size, sha256, space):
    """Download a file from the first of `mirrors` that will do.

    Prints one line for each mirror that had to be left. The file gets its name when
    it is complete and its checksum right. Whatever happens before, nothing half-written
    stays, and what was at `target` does. An OSError says in one sentence why there is no
    file: the folder cannot be written, has less than `space` bytes, or no mirror delivers.
    """
    pooch.get_logger().setLevel(logging.CRITICAL)
    folder = target.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < space:
            mirrors = ()
        for url in mirrors:
            reason = try_mirror(url, target, size, sha256)
            if reason is None:
                return
            print(f"{urlsplit(url).hostname}: {reason}.")
    except OSError as error:
        reason = (error.__cause__ or error).strerror  # pooch wraps some in its own
        raise OSError(f"{folder} cannot be written ({reason}).") from None
    if free < space:
        raise OSError(
            f"{space // 10**6} MB are needed on the disk of {folder}, "
            f"where {free // 10**6} MB are free."
        )
    raise OSError("no mirror could deliver it.")
