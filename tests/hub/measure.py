"""Measure what learners need on a JupyterHub: memory and time, all at once, lesson 04.

    python tests/hub/measure.py --learners 8

Starts a real JupyterHub with its proxy, lets each learner's server start, open the
lesson and run all its cells, solutions included, and prints a table. What it needs it
installs once into the folder named by ``--environment``, with uv (PyPI) and npm.
Nobody needs to be root. Linux only: memory is read from ``/proc``.

Memory is PSS: what processes share is counted once, divided among them. With one
learner there is nobody to share with, so ``--learners 1`` shows the most that one needs.
"""

import argparse
import asyncio
import json
import os
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
LESSON = "notebooks/04_cifar10_feature_maps.ipynb"
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
c.Spawner.environment = {environment}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
"""
QUIET = {
    "LAYERS_OFFLINE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def install(environment):
    """Make the environment: JupyterHub and the course's packages, and the proxy."""
    python = environment / "bin" / "python"
    if not (environment / "bin" / "jupyterhub").exists():
        subprocess.run(["uv", "venv", "-q", str(environment)], check=True)
        words = ["uv", "pip", "install", "-q", "--compile-bytecode", "--python", python]
        words += ["jupyterhub", "--requirement", ROOT / "pyproject.toml"]
        subprocess.run([str(word) for word in words], check=True)
    proxy = environment / "proxy"
    if not (proxy / "node_modules").exists():
        words = ["npm", "install", "--silent", "--prefix", str(proxy)]
        subprocess.run([*words, "configurable-http-proxy"], check=True)
    return python


class Hub:
    """A JupyterHub on ports of its own, its files in a folder of its own."""

    def __init__(self, folder, environment):
        self.folder, self.token = folder, secrets.token_hex(16)
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
                proxy=environment / "proxy/node_modules/.bin/configurable-http-proxy",
                singleuser=environment / "bin" / "jupyterhub-singleuser",
                environment=QUIET,
            )
        )
        self.log = folder / "log"
        path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [environment / "bin" / "jupyterhub", "--config", config],
                cwd=folder,
                env=dict(os.environ, PATH=path, JUPYTER_CONFIG_DIR=str(folder)),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def ask(self, path, content=None, method=None):
        """Send a request to the hub or to a learner's server; return its answer."""
        from tornado.httpclient import AsyncHTTPClient, HTTPRequest

        body = None if content is None else json.dumps(content)
        request = HTTPRequest(
            f"{self.address}/{path}",
            method=method or ("GET" if content is None else "POST"),
            body=body,
            headers={"Authorization": f"token {self.token}"},
            request_timeout=300,
        )
        answer = await AsyncHTTPClient().fetch(request)
        return json.loads(answer.body) if answer.body else None

    async def wait(self, seconds=60):
        """Return as soon as the hub answers."""
        last = time.monotonic() + seconds
        while True:
            try:
                return await self.ask("hub/api/")
            except Exception:
                if self.process.poll() is not None or time.monotonic() > last:
                    raise RuntimeError(self.log.read_text()[-3000:]) from None
                await asyncio.sleep(0.2)

    def stop(self):
        """End the hub, and with it its proxy and the learners' servers."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def free_ports(count):
    """Return numbers of ports that nobody has now."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Learner:
    """One learner: a home folder with the course, a server, a kernel.

    Attributes:
        seconds: dict of what took how long: the server's start, the lesson, its
            slowest cell.
    """

    def __init__(self, hub, name):
        self.hub, self.name, self.seconds = hub, name, {}
        for part in ("helpers", "data", "notebooks"):
            ignore = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(ROOT / part, hub.folder / name / part, ignore=ignore)

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
        self.seconds["server"] = time.monotonic() - begin

    async def run(self):
        """Open the lesson and run its cells one after the other."""
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        begin = time.monotonic()
        session = await self.hub.ask(
            f"user/{self.name}/api/sessions",
            {
                "path": LESSON,
                "name": "lesson",
                "type": "notebook",
                "kernel": {"name": "python3"},
            },
        )
        kernel = session["kernel"]["id"]
        address = self.hub.address.replace("http", "ws", 1)
        headers = {"Authorization": f"token {self.hub.token}"}
        channel = await websocket_connect(
            HTTPRequest(
                f"{address}/user/{self.name}/api/kernels/{kernel}/channels",
                headers=headers,
            ),
            max_message_size=2**27,
        )
        slowest = 0
        for source in code_cells():
            before = time.monotonic()
            await execute(channel, source)
            slowest = max(slowest, time.monotonic() - before)
        channel.close()
        self.seconds["lesson"] = time.monotonic() - begin
        self.seconds["slowest cell"] = slowest


def code_cells():
    cells = json.loads((ROOT / LESSON).read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


async def execute(channel, source):
    """Run code in the kernel; return when it is idle again.

    Raises:
        RuntimeError: the code raised an error.
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
    while not (replied and idle):
        text = await channel.read_message()
        if text is None:
            raise RuntimeError("The kernel's channel was closed: was memory too small?")
        answer = json.loads(text)
        if answer["parent_header"].get("msg_id") != number:
            continue
        kind, content = answer["msg_type"], answer["content"]
        if kind == "error":
            raise RuntimeError("\n".join([source, *content["traceback"]]))
        replied |= kind == "execute_reply"
        idle |= kind == "status" and content["execution_state"] == "idle"


class Memory:
    """Samples the learners' processes while the lesson runs.

    Attributes:
        last: {learner: megabytes of server and kernel, seconds of computing}.
        peak: dict of learners, the most megabytes of server and kernel together.
        together: the most megabytes of all learners at one time.
    """

    def __init__(self):
        self.peak, self.together, self.last = {}, 0, {}

    async def watch(self):
        while True:
            self.sample()
            await asyncio.sleep(1)

    def sample(self):
        """Read the PSS of every process that belongs to a learner."""
        self.last = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
                named = [
                    v for v in variables if v.startswith(b"JUPYTERHUB_USER=learner")
                ]
                if not named:
                    continue
                lines = (process / "smaps_rollup").read_text().splitlines()
                words = (process / "cmdline").read_bytes()
                times = (process / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended, or belongs to somebody else
                continue
            size = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
            kind = "kernel" if b"ipykernel" in words else "server"
            learner = self.last.setdefault(named[0].decode().split("=")[1], {})
            for name, parts in (("PSS", ["Pss"]), ("own", PRIVATE)):
                key = f"{kind} {name}"
                megabytes = sum(int(size[part]) for part in parts) / 1024
                learner[key] = learner.get(key, 0) + megabytes
            computing = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            learner["computing"] = learner.get("computing", 0) + computing
        pss = {name: both(sizes) for name, sizes in self.last.items()}
        for name, megabytes in pss.items():
            self.peak[name] = max(self.peak.get(name, 0), megabytes)
        self.together = max(self.together, sum(pss.values()))


PRIVATE = ["Private_Clean", "Private_Dirty"]


def both(sizes):
    return sum(size for key, size in sizes.items() if key.endswith("PSS"))


async def measure(count, environment):
    """Let so many learners run the lesson at once; return a dict of figures."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        hub = Hub(Path(folder), environment)
        try:
            await hub.wait()
            learners = [Learner(hub, f"learner{i}") for i in range(count)]
            memory = Memory()
            watching = asyncio.create_task(memory.watch())
            begin = time.monotonic()
            await asyncio.gather(*(learner.start() for learner in learners))
            memory.sample()
            started = memory.last
            await asyncio.gather(*(learner.run() for learner in learners))
            seconds = time.monotonic() - begin
            watching.cancel()
            memory.sample()
        finally:
            hub.stop()
    return {
        "learners": count,
        "cores": os.cpu_count(),
        "seconds": seconds,
        "seconds of each": [learner.seconds for learner in learners],
        "of each after the start": started,
        "of each after the lesson": memory.last,
        "megabytes of each at most": memory.peak,
        "megabytes together at most": memory.together,
    }


def show(figures):
    """Print the figures as a table."""

    def row(name, values, unit):
        values = list(values)
        mean = sum(values) / len(values)
        print(f"{name:<34} {mean:7.1f} {max(values):7.1f} {unit}")

    print(f"{figures['learners']} learners at once, {figures['cores']} cores")
    print(f"{'for each learner':<34} {'mean':>7} {'most':>7}")
    for name in ("server", "lesson", "slowest cell"):
        row(name, (one[name] for one in figures["seconds of each"]), "s")
    after = figures["of each after the lesson"].values()
    started = figures["of each after the start"].values()
    row("computing on one core, in all", (one["computing"] for one in after), "s")
    row("server, before the lesson, PSS", (one["server PSS"] for one in started), "MB")
    for name in ("server PSS", "server own", "kernel PSS", "kernel own"):
        row(f"{name}, after the lesson", (one[name] for one in after), "MB")
    row("both, PSS, at most", figures["megabytes of each at most"].values(), "MB")
    print(
        f"{'all together':<34} {figures['megabytes together at most']:7.0f} MB at most"
    )
    print(f"{'':<34} {figures['seconds']:7.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--learners", type=int, default=8)
    parser.add_argument("--environment", type=Path, default=Path("~/.cache/layers-hub"))
    parser.add_argument(
        "--json", action="store_true", help="print every figure as JSON"
    )
    given = parser.parse_args()
    environment = given.environment.expanduser().absolute()
    python = install(environment)
    if Path(sys.prefix) != environment:
        sys.exit(subprocess.call([str(python), *sys.argv]))
    figures = asyncio.run(measure(given.learners, environment))
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        show(figures)


if __name__ == "__main__":
    main()
