"""Every notebook runs from top to bottom, as a reader runs it."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FOUND = sorted(NOTEBOOKS.glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", FOUND, ids=[path.stem for path in FOUND])


def test_there_are_notebooks():
    assert {"01_score", "02_report"} <= {path.stem for path in FOUND}


@by_name
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")  # its own affair
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq")
def test_notebook_runs_from_top_to_bottom(path):
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=180, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


@by_name
def test_stored_outputs_are_whole_and_name_no_folder_of_the_author(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not re.findall(
        r"(?:/(?:home|root|tmp|work|Users|var)/|[A-Z]:\\\\)\S*", path.read_text(encoding="utf-8")
    )


@by_name
def test_notebook_is_short_and_defines_nothing(path):
    notebook = nbformat.read(path, as_version=4)
    lines = [line for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert len(lines) < 120
    assert not [line for line in lines if re.match(r"\s*(def|class) ", line)]
