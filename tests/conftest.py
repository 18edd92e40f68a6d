"""What every test gets: folders of its own, one thread, the command line, and an honest list of what was left out.

Tests that are not run are deselected and named at the end, never skipped: `--service` adds those that need a system
service, HARNESS_SHARED_DATA those that need the user's copies of standard data sets, an unprivileged user those on
file permissions, `--soak` the long simulations, `--accelerator` those that need a CUDA device. `--all` adds the
exhaustive ones, which repeat on every case what another test shows on one, and starts each command in an interpreter
of its own. With `--no-skips` a skipped test fails the run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from postgresql_server import postgresql_server, postgresql_url  # noqa: F401  # fixtures
from typed import harness  # noqa: F401  # fixture
from warm import Warm

# Packages of their own, whose tests run where they are installed.
collect_ignore = ["third_party_plugin", "third_party_targets", "integration/faulty_plugin"]

ROOT = Path(__file__).resolve().parent.parent

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before any test module imports torch
    os.environ.setdefault(_name, "1")

# Examples drawn from the code alone, so that a failure repeats; no deadline, since the machine may be busy.
settings.register_profile("default", deadline=None, max_examples=50, derandomize=True, database=None)
settings.register_profile("soak", deadline=None, max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness")
    group.addoption("--all", action="store_true", help="also run exhaustive tests, and start every command cold")
    group.addoption("--service", action="store_true", help="also run tests that need a system service")
    group.addoption("--soak", action="store_true", help="also run long simulations, and 2,000 examples a property")
    group.addoption("--accelerator", action="store_true", help="also run tests that need a CUDA device")
    group.addoption("--no-skips", action="store_true", help="a skipped test fails the whole run")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("soak" if config.getoption("--soak") else "default")
    # Started in the background or under nohup, commands that tests start would inherit deafness to these.
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)
    config.stash[_LEFT_OUT] = {}


_LEFT_OUT = pytest.StashKey[dict[str, str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, and remember why."""
    missing = {}
    if not config.getoption("--all"):
        missing["exhaustive"] = "repeats on every case what another test shows on one (--all)"
    if not config.getoption("--service"):
        missing["service"] = "needs a system service (--service)"
    if not config.getoption("--soak"):
        missing["soak"] = "long simulation (make soak)"
    if not config.getoption("--accelerator"):
        missing["accelerator"] = "needs a CUDA device (--accelerator)"
    if not os.environ.get("HARNESS_SHARED_DATA"):
        missing["shared_data"] = "needs copies of standard data sets (HARNESS_SHARED_DATA)"
    if _ignores_permissions():
        missing["unprivileged"] = "needs a user whom file permissions bind"
    left_out, kept = [], []
    for item in items:
        marker = next((name for name in missing if item.get_closest_marker(name)), None)
        if marker is None:
            kept.append(item)
        else:
            left_out.append(item)
            config.stash[_LEFT_OUT][item.nodeid] = missing[marker]
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


def _ignores_permissions() -> bool:
    """Whether this process may write what its mode forbids (root without limits)."""
    if sys.platform == "linux":
        effective = next(
            line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")
        )
        return bool(int(effective, 16) & 0b10)  # CAP_DAC_OVERRIDE
    return os.geteuid() == 0


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends what it left out; `--no-skips` turns a skip into a failure."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[_LEFT_OUT]
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    output = getattr(node, "workeroutput", {})
    node.config.stash[_LEFT_OUT].update(output.get("left_out", {}))  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[_LEFT_OUT]
    if left_out:
        terminalreporter.section(f"{len(left_out)} tests left out")
        for nodeid, reason in sorted(left_out.items()):
            terminalreporter.write_line(f"left out: {nodeid}: {reason}")
    if config.getoption("--no-skips") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("A skipped test counts as a failure here (--no-skips).", red=True)


@pytest.fixture(autouse=True)
def own_folders(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store and results of a test are its own; unit and contract tests get an empty data cache and no network."""
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{tmp_path}/results/store.db")
    monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path / "results"))
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    area = request.path.relative_to(ROOT / "tests").parts[0] if request.path.is_relative_to(ROOT / "tests") else ""
    if area in ("unit", "contract"):
        monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("HARNESS_OFFLINE", "1")


@pytest.fixture(autouse=True)
def signals_as_found() -> Iterator[None]:
    """A command that runs inside a test leaves this process's handlers of signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    left = {number: signal.getsignal(number) for number in before}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert left == before


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch, where a test has imported it, computes on one thread: results then repeat to the last digit."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


class Cli:
    """`harness` in a folder of its own, with its own store, results and data cache."""

    def __init__(self, folder: Path, plugins: Path, warm: Warm) -> None:
        self.folder = folder
        self._warm = warm
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HARNESS_")}
        self.environment = kept | {
            "PYTHONPATH": os.pathsep.join([str(plugins), *filter(None, [kept.get("PYTHONPATH")])]),
            "HARNESS_DATA": str(folder / "data"),
            "HARNESS_OFFLINE": "1",
            "HARNESS_TEST_HEALED": str(folder / "healed"),
            "OMP_NUM_THREADS": "1",
        }

    def __call__(self, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code; never a traceback."""
        done = self._warm.run(["-m", "harness", *words], cwd=self.folder, env=self.environment | environment)
        said = f"harness {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, said
        assert "Traceback" not in done.stderr, said
        return done

    def start(self, *words: str, quiet: bool = False) -> Any:
        """Start a command, which the test ends; see `warm.Warm.start`."""
        return self._warm.start(["-m", "harness", *words], cwd=self.folder, env=self.environment, quiet=quiet)

    def script(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a Python file with the environment of the commands."""
        return self._warm.run(words, cwd=self.folder, env=self.environment | environment)

    def json(self, *words: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self(*words, "--json").stdout)

    def runs(self, **only: str) -> list[dict[str, Any]]:
        """All runs of the store, or those of a sweep, task, model or status."""
        return self.json("list", "runs", *(word for key, value in only.items() for word in (f"--{key}", value)))


def install(package: Path, target: Path) -> None:
    """Put a pure-Python package where PYTHONPATH finds it, its metadata beside it, as pip does, without a network."""
    project: Mapping[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    module = project["name"].replace("-", "_")
    shutil.copytree(package / module, target / module)
    info = target / f"{module}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"{name} = {value}" for name, value in project["entry-points"]["harness"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[harness]", *lines, ""]))


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the third-party plug-in and the faulty one."""
    target = tmp_path_factory.mktemp("plugins")
    install(ROOT / "tests" / "third_party_plugin", target)
    install(ROOT / "tests" / "integration" / "faulty_plugin", target)
    return target


@pytest.fixture(scope="session")
def warm(request: pytest.FixtureRequest) -> Iterator[Warm]:
    """Starts commands in processes that have torch loaded; with `--all`, in new interpreters."""
    starter = Warm(cold=request.config.getoption("--all"))
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def make_cli(plugins: Path, warm: Warm) -> Callable[[Path], Cli]:
    """Makes a command line that works in a given folder."""
    return lambda folder: Cli(folder, plugins, warm)


@pytest.fixture
def cli(tmp_path: Path, make_cli: Callable[[Path], Cli]) -> Cli:
    """The command line in the test's own folder."""
    return make_cli(tmp_path / "work")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with copies of standard data sets; only for tests marked shared_data."""
    return Path(os.environ["HARNESS_SHARED_DATA"]).expanduser().resolve()
