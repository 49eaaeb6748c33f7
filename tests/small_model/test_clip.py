"""`judge attach-normals` with a tiny model of open_clip, whose weights are random. `make small-model`."""

import json

import numpy as np
import pytest

open_clip = pytest.importorskip("open_clip", reason="run `make small-model`")
torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

import judge  # noqa: E402

CONFIG = {
    "model_cfg": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 1, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, six normal images, and one of them with a few pixels changed."""
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    model = open_clip.CLIP(**CONFIG["model_cfg"])
    (folder / "model").mkdir()
    (folder / "model" / "open_clip_config.json").write_text(json.dumps(CONFIG))
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, str(folder / "model" / "open_clip_model.safetensors"))
    (folder / "normals" / "screw").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "normals" / "screw" / f"{number}.png")
        if number == 4:
            pixels[:2, :2] = 0
            Image.fromarray(pixels).save(folder / "q.png")
    return folder


@pytest.fixture
def attached(folder):
    row = {"id": "q", "question": "?", "answer": "a", "object": "screw", "images": ["q.png"]}
    return judge.attach_normals(
        [row],
        folder / "normals",
        embedder=f"clip:tiny@{folder / 'model'}",
        image_root=folder,
        cache=folder / "cache",
        k=3,
    )


def test_the_nearest_image_is_the_one_that_was_changed_a_little(attached):
    assert attached.items[0].images[0].path == "normals/screw/4.png"


def test_the_distance_is_that_of_the_embeddings_of_open_clip(attached, folder):
    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{folder / 'model'}")
    model.eval()
    images = [Image.open(folder / name).convert("RGB") for name in ("q.png", "normals/screw/4.png")]
    with torch.no_grad():
        a, b = model.encode_image(torch.stack([prepare(image) for image in images])).double().numpy()
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert attached.items[0].metadata["reference_distance"] == pytest.approx(1 - cosine, abs=2e-6)
