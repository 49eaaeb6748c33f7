"""Errors of an import name the folder that was wanted, not the draft that is renamed at the end."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.errors import RunError
from judge.scoring.run import Run

DEEPEVAL = Path(__file__).parent.parent / "data" / "formats" / "deepeval.json"


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RunError("DRAFT: is damaged")])
def test_an_error_names_the_folder_that_was_wanted(tmp_path, monkeypatch, error):
    def stop(run):
        raise error if isinstance(error, OSError) else RunError(f"{run.path}: is damaged")

    monkeypatch.setattr(Run, "export", stop)
    result = judge("import", DEEPEVAL, "--out", tmp_path / "new")
    assert result.exit_code == 1
    assert f"{tmp_path / 'new'}: " in result.stderr
    assert ".new." not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_folders_above_are_made(tmp_path):
    (tmp_path / "empty").mkdir()
    assert judge("import", DEEPEVAL, "--out", tmp_path / "empty").exit_code == 0
    assert judge("import", DEEPEVAL, "--out", tmp_path / "a" / "b").exit_code == 0
    assert (tmp_path / "a" / "b" / "run.db").is_file()


def test_the_default_folder_is_named_after_the_file_and_its_format(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert judge("import", DEEPEVAL).stdout == f"{Path('runs') / 'deepeval'}\n"
    (tmp_path / "other.json").write_bytes(DEEPEVAL.read_bytes())
    assert judge("import", "other.json").stdout == f"{Path('runs') / 'other-deepeval'}\n"


def test_a_draft_that_a_killed_import_left_is_named(tmp_path):
    for name in (".new.4711", ".new.d", ".other.4711"):
        (tmp_path / name).mkdir()
    result = judge("import", DEEPEVAL, "--out", tmp_path / "new")
    assert result.exit_code == 0
    assert f"note: {tmp_path / '.new.4711'}: left by an import that did not finish" in result.stderr
    assert ".new.d" not in result.stderr
    assert ".other" not in result.stderr
