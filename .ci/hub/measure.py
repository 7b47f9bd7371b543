"""Measure what learners need on a JupyterHub: memory and time, all at once.

    python .ci/hub/measure.py                          8 learners, lesson 03
    python .ci/hub/measure.py --learners 1 8           first one alone, then 8
    python .ci/hub/measure.py --learners 1 --lesson all
    python .ci/hub/measure.py --set MALLOC_TRIM_THRESHOLD_=131072

Starts a real JupyterHub with its proxy, lets each learner's server start, open the
lesson and run all its cells, solutions included, and prints tables. What it needs it
installs once into the folder named by ``--environment``: the packages of
environment.yml and JupyterHub with uv, the proxy with npm. Nobody needs to be root.
Linux only: memory is read from ``/proc``. When it ends, or is ended by Ctrl+C, so are
the hub and all learners' servers.

A learner's memory has two parts: what is the learner's own, and pages of files, such as
TensorFlow's code, which all learners on one machine share. Server and kernel are
counted together. N learners need the files once and N times what one has of its own.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = {path.name[:2]: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
CELL_SECONDS = 600  # no cell of a lesson takes so long
MARK = "LAYERS_MEASURED"  # a variable of the hub, its proxy and the learners' processes
CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.services = [dict(name="class", api_token="{token}")]
c.JupyterHub.load_roles = [dict(
    name="class", services=["class"],
    scopes=["admin:users", "admin:servers", "access:servers"],
)]
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.DummyAuthenticator.allow_all = True
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.cmd = ["{singleuser}"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {variables}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
"""


# What has to be there -----------------------------------------------------------------


def install(environment, *more):
    """Make the environment, or complete it: the course's packages, JupyterHub, proxy.

    Arguments:
        environment: `pathlib.Path` of its folder.
        more: names of further packages.

    Returns:
        `pathlib.Path` of its Python.

    Raises:
        RuntimeError: in one sentence, if it cannot be made.
    """
    sys.path.insert(0, str(ROOT))
    from helpers.classroom.launch import find_uv

    npm = shutil.which("npm")
    if not Path("/proc/self/smaps_rollup").exists():
        raise RuntimeError("This needs Linux: memory is read from /proc.")
    if npm is None:
        raise RuntimeError(
            "npm cannot be found. It installs JupyterHub's proxy and comes with Node.js: "
            "install that."
        )
    uv = find_uv()
    if uv is None:
        raise RuntimeError("Without uv, JupyterHub cannot be installed.")
    listed = (ROOT / "environment.yml").read_text(encoding="utf-8")
    version = re.search(r"- python=(\S+)", listed)[1]
    python = environment / "bin" / "python"
    if not python.exists():
        this = "{}.{}".format(*sys.version_info)
        base = sys.executable if this == version else version  # uv may fetch one
        run_quietly([uv, "venv", "-q", "--python", base, environment])
    packages = ["jupyterhub", *more, *re.findall(r"- (\w[\w.-]*==\S+)", listed)]
    words = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python]
    run_quietly([*words, *packages])
    if not proxy_of(environment).exists():
        words = [npm, "install", "--silent", "--prefix", environment / "proxy"]
        run_quietly([*words, "configurable-http-proxy"])
    return python


def run_quietly(words):
    words = [str(word) for word in words]
    if subprocess.call(words) != 0:
        raise RuntimeError(f"This failed: {' '.join(words)}")


def proxy_of(environment):
    return environment / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"


# The hub and its learners -------------------------------------------------------------


class Hub:
    """A JupyterHub on ports of its own, its files in a folder of its own.

    Attributes:
        mark: bytes that stand in the environment of each of its processes.
    """

    def __init__(self, folder, environment, variables):
        self.folder, self.token = folder, secrets.token_hex(16)
        self.mark = f"{MARK}={secrets.token_hex(8)}".encode()
        marked = dict([self.mark.decode().split("=")])
        port, hub_port, proxy_port = free_ports(3)
        self.address = f"http://127.0.0.1:{port}"
        config = folder / "jupyterhub_config.py"
        config.write_text(
            CONFIG.format(
                folder=folder,
                port=port,
                hub_port=hub_port,
                proxy_port=proxy_port,
                token=self.token,
                proxy=proxy_of(environment),
                singleuser=environment / "bin" / "jupyterhub-singleuser",
                variables={"LAYERS_OFFLINE": "1", **variables, **marked},
            )
        )
        self.log = folder / "log"
        path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
        own = dict(os.environ, PATH=path, JUPYTER_CONFIG_DIR=str(folder), **marked)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [environment / "bin" / "jupyterhub", "--config", config],
                cwd=folder,
                env=own,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C reaches this script alone
            )

    async def ask(self, path, content=None):
        """Send a request to the hub or to a learner's server; return its JSON."""
        answer = await self.fetch(path, content)
        return json.loads(answer) if answer else None

    async def fetch(self, path, content=None):
        """Send a request; return the bytes of the answer."""
        from tornado.httpclient import AsyncHTTPClient, HTTPRequest

        request = HTTPRequest(
            f"{self.address}/{path}",
            method="GET" if content is None else "POST",
            body=None if content is None else json.dumps(content),
            headers={"Authorization": f"token {self.token}"},
            request_timeout=300,
        )
        return (await AsyncHTTPClient().fetch(request)).body

    async def wait(self, seconds=60):
        """Return as soon as the hub answers."""
        last = time.monotonic() + seconds
        while True:
            try:
                return await self.ask("hub/api/")
            except Exception:
                if self.process.poll() is not None or time.monotonic() > last:
                    raise RuntimeError(
                        f"JupyterHub does not start:\n{self.log.read_text()[-3000:]}"
                    ) from None
                await asyncio.sleep(0.2)

    def stop(self):
        """End the hub, its proxy and the learners' servers; leave no process."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        for process, _ in marked_processes(self.mark):  # what it has not ended itself
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        self.process.wait()


def free_ports(count):
    """Return numbers of ports that nobody has now."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


class Learner:
    """One learner: a home folder, a server, a kernel.

    Attributes:
        course: where the course is in that folder, with a slash at its end.
        waits: {what: seconds it took}.
        used: {after what: dict of `usage`}.
    """

    def __init__(self, hub, name, lesson, course=""):
        self.hub, self.name, self.lesson, self.course = hub, name, lesson, course
        self.waits, self.used = {}, {}

    def copy_course(self):
        """Put the course into the home folder, as it is here."""
        for part in ("helpers", "data", "notebooks"):
            ignore = shutil.ignore_patterns("__pycache__", ".*")
            home = self.hub.folder / self.name
            shutil.copytree(ROOT / part, home / part, ignore=ignore)

    def note(self):
        return usage(self.hub.mark).get(self.name, {})

    async def start(self):
        """Start the learner's server and wait until it answers."""
        begin = time.monotonic()
        await self.hub.ask(f"hub/api/users/{self.name}", {})
        await self.hub.ask(f"hub/api/users/{self.name}/server", {})
        while True:
            user = await self.hub.ask(f"hub/api/users/{self.name}")
            if user["servers"].get("", {}).get("ready"):
                break
            await asyncio.sleep(0.2)
        self.waits["start"] = time.monotonic() - begin
        self.used["start"] = self.note()

    async def run(self):
        """Open the lesson and run its cells one after the other."""
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        begin = time.monotonic()
        session = {
            "path": f"{self.course}notebooks/{LESSONS[self.lesson].name}",
            "name": "lesson",
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        session = await self.hub.ask(f"user/{self.name}/api/sessions", session)
        kernel = session["kernel"]["id"]
        address = self.hub.address.replace("http", "ws", 1)
        channel = await websocket_connect(
            HTTPRequest(
                f"{address}/user/{self.name}/api/kernels/{kernel}/channels",
                headers={"Authorization": f"token {self.hub.token}"},
            ),
            max_message_size=2**27,
        )
        setup, *others = code_cells(LESSONS[self.lesson])
        await execute(channel, setup)  # imports TensorFlow
        self.waits["import"] = time.monotonic() - begin
        self.used["import"] = self.note()
        slowest = 0
        for source in others:
            before = time.monotonic()
            await execute(channel, source)
            slowest = max(slowest, time.monotonic() - before)
        self.waits["lesson"] = time.monotonic() - begin
        self.waits["cell"] = slowest
        self.used["lesson"] = self.note()
        channel.close()


def code_cells(path):
    """Return the sources of a notebook's code cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


async def execute(channel, source):
    """Run code in the kernel; return when it is idle again.

    Raises:
        RuntimeError: the code raised an error, the kernel died, or took too long.
    """
    number = secrets.token_hex(8)
    header = {"msg_id": number, "msg_type": "execute_request", "session": number}
    header |= {"username": "", "version": "5.3"}
    content = {"code": source, "silent": False, "store_history": True}
    content |= {"allow_stdin": False, "stop_on_error": True, "user_expressions": {}}
    message = {"header": header, "parent_header": {}, "metadata": {}, "buffers": []}
    await channel.write_message(
        json.dumps({**message, "channel": "shell", "content": content})
    )
    replied = idle = False
    last = time.monotonic() + CELL_SECONDS
    while not (replied and idle):
        try:
            left = last - time.monotonic()
            received = await asyncio.wait_for(channel.read_message(), left)
        except asyncio.TimeoutError:  # another class on Python 3.10
            raise RuntimeError(f"Not done in {CELL_SECONDS} s:\n{source}") from None
        answer = {} if received is None else message_of(received)
        kind, content = answer.get("msg_type"), answer.get("content", {})
        state = content.get("execution_state")
        if received is None or state in ("restarting", "dead"):
            raise RuntimeError("A learner's kernel died: was memory too small?")
        if answer["parent_header"].get("msg_id") != number:
            continue
        if kind == "error":
            raise RuntimeError("\n".join([source, *content["traceback"]]))
        replied |= kind == "execute_reply"
        idle |= kind == "status" and state == "idle"


def message_of(received):
    """Return a kernel's message as a dict; one with buffers comes as bytes.

    Bytes begin with how many parts there are and where each begins, four bytes a
    number; the first part is the message.
    """
    if isinstance(received, str):
        return json.loads(received)
    parts, begin, end = (int.from_bytes(received[i : i + 4], "big") for i in (0, 4, 8))
    return json.loads(received[begin : end if parts > 1 else None])


# Memory and computing time ------------------------------------------------------------


def marked_processes(mark):
    """Yield folder under /proc and environment of each process with this mark."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            variables = (process / "environ").read_bytes().split(b"\0")
            if mark in variables:
                yield process, variables


def usage(mark):
    """Return what the processes with this mark use now.

    Returns:
        ``{owner: {"own": MB, "files": MB, "pss": MB, "computing": seconds}}``. Owners
        are the learners by their names, and ``"hub"`` for the hub and its proxy. PSS
        divides what is shared among those that share it, so it can be summed.
    """
    owners = {}
    for process, variables in marked_processes(mark):
        name = next((v for v in variables if v.startswith(b"JUPYTERHUB_USER=")), None)
        owner = name.decode().split("=")[1] if name else "hub"
        with contextlib.suppress(OSError):
            sizes = megabytes((process / "smaps_rollup").read_text())
            stat = (process / "stat").read_text()
            sizes["computing"] = computing(stat, os.sysconf("SC_CLK_TCK"))
            total = owners.setdefault(owner, dict.fromkeys(sizes, 0))
            for key, value in sizes.items():
                total[key] += value
    return owners


def megabytes(smaps):
    """Read from the text of /proc/…/smaps_rollup what a process has in memory."""
    size = {key: int(kilobytes) / 1024 for key, kilobytes in SIZE.findall(smaps)}
    own = size["Anonymous"]
    return {"own": own, "files": size["Rss"] - own, "pss": size["Pss"]}


SIZE = re.compile(r"^(\w+): +(\d+) kB$", re.M)


def computing(stat, ticks):
    """Read from the text of /proc/…/stat how many seconds a process has computed."""
    fields = stat.rpartition(")")[2].split()  # a name in () may hold spaces
    return (int(fields[11]) + int(fields[12])) / ticks


class Peak:
    """The most megabytes that each learner had of its own, and of PSS all together."""

    def __init__(self, mark):
        self.mark, self.of_each, self.together, self.hub = mark, {}, 0, 0

    async def watch(self):
        while True:
            self.sample()
            await asyncio.sleep(0.5)

    def sample(self):
        now = usage(self.mark)
        self.hub = max(self.hub, now.pop("hub")["pss"])
        for name, sizes in now.items():
            self.of_each[name] = max(self.of_each.get(name, 0), sizes["own"])
        self.together = max(self.together, sum(sizes["pss"] for sizes in now.values()))


async def measure(count, lesson, environment, variables):
    """Let so many learners run a lesson at once; return a dict of figures."""
    with tempfile.TemporaryDirectory(
        prefix="hub-", ignore_cleanup_errors=True
    ) as folder:
        hub = Hub(Path(folder), environment, variables)
        try:
            await hub.wait()
            learners = [Learner(hub, f"learner{i}", lesson) for i in range(count)]
            for learner in learners:
                learner.copy_course()
            peak = Peak(hub.mark)
            watching = asyncio.create_task(peak.watch())
            begin = time.monotonic()
            await asyncio.gather(*(learner.start() for learner in learners))
            await asyncio.gather(*(learner.run() for learner in learners))
            seconds = time.monotonic() - begin
            watching.cancel()
            peak.sample()
        finally:
            hub.stop()
    return {
        "lesson": lesson,
        "learners": count,
        "cores": len(os.sched_getaffinity(0)),
        "variables": variables,
        "seconds": seconds,
        "waits": {learner.name: learner.waits for learner in learners},
        "used": {learner.name: learner.used for learner in learners},
        "peak": peak.of_each,
        "together": peak.together,
        "hub": peak.hub,
    }


# What is printed ----------------------------------------------------------------------


def tables(runs):
    """Return the figures of several runs as two Markdown tables, a row a run."""
    memory = [head("server", "import", "lesson", "at most", "files", "all", "hub")]
    times = [head("start", "import", "lesson", "cell", "all", *STEPS)]
    for run in runs:
        used, waits = run["used"].values(), run["waits"].values()
        own = [mean(one[step]["own"] for one in used) for step in STEPS]
        most = mean(run["peak"].values())
        files = max(one["lesson"]["files"] for one in used)
        memory.append(row(run, *own, most, files, run["together"], run["hub"]))
        waited = [max(one[what] for one in waits) for what in (*STEPS, "cell")]
        computed = [mean(one[step]["computing"] for one in used) for step in STEPS]
        times.append(row(run, *waited, run["seconds"], *computed))
    last = f"{runs[-1]['learners']} learners"
    return "\n".join(
        [
            "Memory, MB. One learner's own, the mean: server; after the import; after the",
            "lesson; at most. Files that all share. All learners at most; hub and proxy.",
            "",
            *memory,
            "",
            f"So N learners need {files:.0f} + {most:.0f} × N MB (for {last}: "
            f"{files + most * runs[-1]['learners']:.0f}), the hub {run['hub']:.0f} MB.",
            "",
            f"Seconds, {runs[-1]['cores']} cores. The slowest learner's: start of the "
            "server; import; lesson;",
            "slowest cell. All learners, from start to end. Computing time of one learner "
            "on one core",
            "until then: start; import; lesson.",
            "",
            *times,
        ]
    )


STEPS = "start", "import", "lesson"


def head(*names):
    names = "lesson", "learners", *names
    return f"| {' | '.join(names)} |\n{'|---' * len(names)}|"


def row(run, *numbers):
    numbers = (f"{n:.0f}" if n >= 10 else f"{n:.1f}" for n in numbers)
    return f"| {run['lesson']} | {run['learners']} | {' | '.join(numbers)} |"


def mean(values):
    values = list(values)
    return sum(values) / len(values)


async def measure_all(given, environment):
    lessons = list(LESSONS) if given.lesson == ["all"] else given.lesson
    variables = dict(pair.split("=", 1) for pair in given.set)
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return [
        await measure(count, lesson, environment, variables)
        for lesson in lessons
        for count in given.learners
    ]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, nargs="+", default=[8])
    parser.add_argument(
        "--lesson", nargs="+", default=["03"], choices=[*LESSONS, "all"]
    )
    parser.add_argument("--environment", type=Path, default="~/.cache/layers-hub")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", action="store_true", help="print every figure")
    given = parser.parse_args()
    environment = given.environment.expanduser().absolute()
    try:
        if Path(sys.prefix) != environment:
            python = str(install(environment))
            os.execv(python, [python, *sys.argv])  # one process, for Ctrl+C
        runs = asyncio.run(measure_all(given, environment))
    except RuntimeError as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Ended before the figures were there; the hub has been stopped.")
    if given.json:
        print(json.dumps(runs, indent=1))
        return
    print(tables(runs))


if __name__ == "__main__":
    main()
