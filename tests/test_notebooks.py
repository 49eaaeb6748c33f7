"""The notebooks run from top to bottom, on public interfaces only."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert {"01_score", "02_report", "03_agree"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@by_name
def test_notebook_runs(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": path.parent}}).execute()
    assert any(cell.outputs for cell in code_cells(notebook))


@by_name
def test_notebook_is_kept_without_outputs(path):
    assert not [cell for cell in code_cells(nbformat.read(path, as_version=4)) if cell.outputs]


@by_name
def test_notebook_is_short(path):
    cells = code_cells(nbformat.read(path, as_version=4))
    assert sum(len(cell.source.splitlines()) for cell in cells) < 150
