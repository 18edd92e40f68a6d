"""A command that is forked from a loaded process is to its caller what one in a new interpreter is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from warm import Warm

SCRIPT = """
import os, sys
at = sys.path[0] == sys.argv[1]
print(sys.argv[1:], os.environ["GIVEN"], os.getcwd(), __name__, sys.stdin.read(), at, flush=True)
sys.stderr.write("said\\n")
if "kill" in sys.argv:
    os.kill(os.getpid(), 9)
sys.exit("ended" if "text" in sys.argv else 7)
"""


@pytest.fixture(scope="module", params=[False, True], ids=["forked", "new interpreter"])
def starter(request: pytest.FixtureRequest, warm: Warm) -> Warm:
    """Both ways of starting a command."""
    return Warm(cold=True) if request.param else warm


@pytest.mark.parametrize(("word", "code", "said"), [("", 7, ""), ("text", 1, "ended\n"), ("kill", -9, "")])
def test_words_environment_folder_and_end_are_those_of_a_process(
    starter: Warm, tmp_path: Path, word: str, code: int, said: str
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    words = [str(tmp_path / "script.py"), str(tmp_path), word]
    done = starter.run(words, cwd=tmp_path, env={**os.environ, "GIVEN": "here"})
    printed = f"{[str(tmp_path), word]} here {tmp_path} __main__  True\n"
    assert (done.returncode, done.stdout, done.stderr) == (code, printed, f"said\n{said}")


def test_an_error_is_a_traceback_and_ctrl_c_ends_it(starter: Warm, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("1 / 0\n")
    (tmp_path / "waits.py").write_text("import sys, time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    done = starter.run([str(tmp_path / "wrong.py")], cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    process = starter.start([str(tmp_path / "waits.py")], cwd=tmp_path, env=dict(os.environ))
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert said.endswith("KeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT
