"""What is published keeps to the format that it names: Frictionless' own validator says so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


@pytest.fixture
def validator() -> str:
    found = os.environ.get("DEVBENCH_TEST_FRICTIONLESS") or shutil.which("frictionless")
    if not found:
        pytest.skip("DEVBENCH_TEST_FRICTIONLESS names no program, and there is none on PATH")
    return found


def test_results_published_is_a_valid_data_package(validator: str, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    shutil.copytree(PUBLISHED, folder)
    done = _validate(validator, folder)
    assert done.returncode == 0, done.stdout
    csv = folder / "coral-faq-2019.csv"
    csv.write_text(csv.read_text().replace(",published,", ",guessed,", 1))
    spoiled = _validate(validator, folder)
    assert spoiled.returncode != 0
    assert "guessed" in spoiled.stdout


def _validate(validator: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [validator, "validate", "datapackage.json"], cwd=folder, capture_output=True, text=True, check=False
    )
