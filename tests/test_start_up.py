"""`devbench --help` stays light."""

import subprocess
import sys


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from devbench.cli.app import run_app\n"
        "status = run_app(['--help'])\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'tensorflow', 'pyarrow', 'pydantic', 'rich', 'tflite', 'pluggy'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("loaded: []\n"), done.stdout
    for command in ("run", "devices", "models", "plugins", "doctor", "report", "compare"):
        assert f"\n  {command} " in done.stdout


def test_every_command_has_help_and_version() -> None:
    from devbench.cli.app import COMMANDS

    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "devbench", command, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Usage: devbench {command}")
