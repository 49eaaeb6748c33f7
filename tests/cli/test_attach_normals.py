"""`judge attach-normals`."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from judge.cli import main
from tests.reference_images.made_up import ByColor


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two normal screws, an answer about a third one, and embeddings of all of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names = ["screw/a.png", "screw/b.png", "q.png"]
    for number, name in enumerate(names):
        file = tmp_path / ("normals/" if "/" in name else "") / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (number, 9, 9)).save(file)
    np.savez(tmp_path / "e.npz", ids=np.array(names), embeddings=np.array([[1, 0], [0, 1], [1, 9]]))
    row = {"id": "q1", "question": "Good?", "answer": "Yes.", "object": "screw", "images": ["q.png"]}
    row |= {"question_type": "detection"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path


def attach(*words, **options):
    words = ("a.jsonl", "--normals", "normals", *words) if words[:1] != ("-",) else words
    return CliRunner().invoke(main, ["attach-normals", *words], **options)


def images(path):
    return [image["path"] for image in json.loads(path.read_text().splitlines()[0])["images"]]


def test_the_nearest_image_is_attached_in_a_file_beside_the_answers(here):
    done = attach("--embedder", "file:e.npz")
    assert (done.exit_code, done.stdout) == (0, "a-with-normals.jsonl\n")
    assert images(here / "a-with-normals.jsonl") == ["normals/screw/b.png", "q.png"]
    assert "1 of 1 item got 1 reference image (nearest)" in done.stderr
    assert "next: judge score a-with-normals.jsonl --rubric guided_inspection" in done.stderr


@pytest.mark.usefixtures("here")
def test_the_next_command_scores_the_file():
    attach("--embedder", "file:e.npz")
    done = CliRunner().invoke(main, ["score", "a-with-normals.jsonl", "--rubric", "guided_inspection"])
    assert "runs/a-with-normals-baseline-guided_inspection" in done.stdout, done.stderr


def test_a_file_elsewhere_needs_the_folder_of_the_images(here):
    (here / "out").mkdir()
    done = attach("--how", "random", "-o", "out/b.jsonl")
    assert "next: judge score out/b.jsonl --image-root . --rubric" in done.stderr


def test_the_answers_are_not_overwritten(here):
    before = (here / "a.jsonl").read_text()
    done = attach("--how", "random", "-o", "a.jsonl")
    assert (done.exit_code, "not overwritten" in done.stderr) == (2, True)
    assert (here / "a.jsonl").read_text() == before


def test_the_embeddings_are_not_overwritten(here):
    (here / "e.jsonl").write_text("{}")
    done = attach("--embedder", "file:e.jsonl", "-o", "e.jsonl")
    assert (done.exit_code, "not overwritten" in done.stderr) == (2, True)


@pytest.mark.usefixtures("here")
def test_another_form_than_json_lines_is_refused():
    done = attach("--how", "random", "-o", "b.csv")
    assert (done.exit_code, "name a file in .jsonl" in done.stderr) == (2, True)


def test_standard_input_needs_a_name_for_the_output(here):
    text = (here / "a.jsonl").read_text()
    words = ("-", "--normals", "normals", "--how", "random")
    assert "standard input has no name" in attach(*words, input=text).stderr
    assert attach(*words, "--out", "b.jsonl", input=text).exit_code == 0
    assert images(here / "b.jsonl")[-1] == "q.png"


@pytest.mark.usefixtures("here")
def test_nearest_without_an_embedder_says_which_ones_there_are():
    done = attach()
    assert (done.exit_code, "clip:MODEL@WEIGHTS, file:PATH" in done.stderr) == (1, True)


def test_a_field_of_the_answers_may_name_the_object_otherwise(here):
    row = json.loads((here / "a.jsonl").read_text())
    (here / "a.jsonl").write_text(json.dumps({**row, "category": row.pop("object")}))
    assert "1 of 1 item got" in attach("--how", "random", "--by", "category").stderr


def test_the_address_of_a_settings_file_gets_no_key(here, monkeypatch):
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "secret")
    (here / "judge.toml").write_text('api_base = "http://127.0.0.1:9/v1"\n')
    done = attach("--embedder", "hosted_vllm/clip")
    assert (done.exit_code, "judge.toml: sets api_base" in done.stderr) == (1, True)


def test_a_cache_that_cannot_be_used_is_noted(here, monkeypatch):
    (here / "cache").write_text("a file in place of the folder")
    monkeypatch.setattr("judge.workflows.attach_normals.load_embedder", lambda *_: ByColor())
    done = attach("--embedder", "color")
    assert (done.exit_code, "note: embeddings are not cached" in done.stderr) == (0, True)


def test_nothing_is_written_where_no_item_gets_a_reference_image(here):
    done = attach("--how", "random", "--by", "part")
    assert done.exit_code == 1
    assert "1 item without a reference image, because they have no field 'part': q1" in done.stderr
    assert "fields of the items (--by): object, question_type" in done.stderr
    assert not (here / "a-with-normals.jsonl").exists()


@pytest.mark.usefixtures("here")
def test_items_without_fields_are_named_as_such():
    done = attach(
        "-",
        "--normals",
        "normals",
        "--how",
        "random",
        "-o",
        "b.jsonl",
        input='{"question": "q", "answer": "a"}\n',
    )
    assert done.stderr.endswith("fields of the items (--by): none\n")


def test_a_field_that_robustmad_names_category_is_the_object(here):
    row = {"id": "q1", "question": "Good?", "answer": "Yes.", "category": "screw", "images": ["q.png"]}
    (here / "a.jsonl").write_text(json.dumps(row) + "\n")
    assert "1 of 1 item got 1 reference image" in attach("--embedder", "file:e.npz").stderr


def test_without_types_of_questions_the_next_command_has_a_rubric_that_shows_the_images(here):
    row = {"id": "q1", "question": "Good?", "answer": "Yes.", "object": "screw", "images": ["q.png"]}
    (here / "a.jsonl").write_text(json.dumps(row) + "\n")
    assert attach("--how", "random").stderr.endswith("a-with-normals.jsonl --rubric inspection\n")
    shown = CliRunner().invoke(main, ["rubric", "show", "inspection", "a-with-normals.jsonl"]).stdout
    assert "images: 2 of 2 shown" in shown
