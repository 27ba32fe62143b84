"""What is it? By its content, without the tools that wrote it; and nothing that a file holds can hurt."""

from __future__ import annotations

import json
import pickle
import stat
import zipfile
from pathlib import Path

import pytest

from devbench.errors import ModelError
from devbench.pipeline.archive import unpack
from devbench.pipeline.recognise import recognise
from devbench.pipeline.source import Source
from tests.pipeline import files
from tests.tiny_tflite import Operation, Tensor, classifier, write_tflite


def _look(path: Path) -> Source:
    def unpacked(archive: Path) -> Path:
        unpack(archive, path.parent / "unpacked")
        return path.parent / "unpacked"

    return recognise(path, unpacked)


@pytest.mark.parametrize(
    ("make", "name", "kind", "inputs"),
    [
        (files.keras_zip, "a.bin", "keras", [("image", (-1, 32, 32, 3))]),
        (files.h5, "a.bin", "keras-h5", [("image", (-1, 32, 32, 3))]),
        (files.saved_model, "a", "saved-model", [("image", (-1, 32, 32, 3))]),
        (files.frozen_graph, "a.bin", "frozen-graph", [("image", (-1, 32, 32, 3))]),
        (files.onnx, "a.bin", "onnx", [("image", (1, 3, 32, 32))]),
        (files.exported_program, "a.bin", "pt2", [("x", (1, 3, -1, 32))]),
        (classifier, "a.bin", "tflite", [("image", (1, 2, 2, 1))]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_format_is_told_by_its_content(tmp_path: Path, make: object, name: str, kind: str, inputs: object) -> None:
    assert callable(make)
    found = _look(make(tmp_path / name))
    assert found.format == kind
    assert [(one.name, one.shape) for one in found.inputs] == inputs
    assert not found.obstacles


def test_versions_and_ends_are_read(tmp_path: Path) -> None:
    old = _look(files.h5(tmp_path / "old.h5", version="2.15.0"))
    assert (old.format, old.about["written by"]) == ("keras2-h5", "Keras 2.15.0")
    trained = _look(files.h5(tmp_path / "qat.h5", files.layer("QuantizeLayer", "m"), version="2.15.0"))
    assert (trained.format, trained.precision) == ("keras2-h5", "int8")
    graph = _look(files.frozen_graph(tmp_path / "graph.pb"))
    assert [one.name for one in graph.outputs] == ["scores"]
    saved = _look(files.saved_model(tmp_path / "saved"))
    assert (saved.about["written by"], [one.name for one in saved.outputs]) == ("TensorFlow 2.21.0", ["scores"])
    assert _look(tmp_path / "saved" / "saved_model.pb").path == tmp_path / "saved"
    assert _look(files.onnx(tmp_path / "net.onnx", batch="N")).inputs[0].shape == (-1, 3, 32, 32)


def test_what_the_file_does_not_hold_is_told(tmp_path: Path) -> None:
    def fatal(source: Source) -> str:
        return " ".join(one.text for one in source.obstacles if one.fatal)

    own = files.layer("Swirl", "my_layers", "my_layers>Swirl")
    assert "Swirl" in fatal(_look(files.keras_zip(tmp_path / "own.keras", own)))
    assert "Lambda" in fatal(_look(files.h5(tmp_path / "code.h5", files.layer("Lambda"))))
    assert "not frozen" in fatal(_look(files.frozen_graph(tmp_path / "warm.pb", variable=True)))
    assert "no signature" in fatal(_look(files.saved_model(tmp_path / "unsigned", signature=False)))
    assert "`variables` is missing" in fatal(_look(files.saved_model(tmp_path / "light", variables=False)))


def test_what_no_file_can_hold_is_told_without_reading_it(tmp_path: Path) -> None:
    def enlarged(path: Path) -> Path:
        with path.open("r+b") as file:
            file.truncate(3 * 10**9)  # takes no room on the disk
        return path

    before = _bytes_read()
    folder = files.saved_model(tmp_path / "large")
    (folder / "variables" / "variables.data-00000-of-00001").touch()
    enlarged(folder / "variables" / "variables.data-00000-of-00001")
    assert [one.text[:18] for one in _look(folder).obstacles if one.fatal] == ["it is 3.0 GB large"]
    beside = files.onnx(tmp_path / "two.onnx", beside="weights")
    (tmp_path / "weights").touch()
    enlarged(tmp_path / "weights")
    assert [one.text[:18] for one in _look(beside).obstacles if one.fatal] == ["it is 3.0 GB large"]
    for make, name in (
        (files.h5, "a.h5"), (files.frozen_graph, "a.pb"), (files.onnx, "a.onnx"), (classifier, "a.tflite"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match=r"it is 3\.0 GB large, and what is measured, .* holds at most 2"):
            _look(enlarged(make(tmp_path / name)))
    assert _bytes_read() - before < 10 << 20


def _bytes_read() -> int:
    """By this process, by now."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_pickles_and_other_peoples_formats_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"weights": 1}))
    with zipfile.ZipFile(tmp_path / "new.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02.")
        archive.writestr("net/code/__torch__.py", b"")
    (tmp_path / "page.onnx").write_text("<!DOCTYPE html><p>Not found")
    (tmp_path / "lfs.keras").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {}}))
    (tmp_path / "noise.pb").write_bytes(bytes(range(256)))
    (tmp_path / "empty.h5").write_bytes(b"")
    expected = {
        "old.pth": "run whatever code it holds",
        "new.pth": "run whatever code it holds",
        "script.pt": "TorchScript",
        "page.onnx": "an HTML page",
        "lfs.keras": "a Git LFS pointer",
        "model.json": "TensorFlow.js",
        "noise.pb": "not a network that devbench knows",
        "empty.h5": "is empty",
        "nowhere": "No such file or directory",
    }
    for name, text in expected.items():
        with pytest.raises(ModelError, match=text):
            _look(tmp_path / name)


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.onnx", "a.pb", "a.pt2", "a.tflite"])
def test_a_file_that_was_cut_short_is_an_error_and_no_traceback(tmp_path: Path, name: str) -> None:
    make = {
        "a.keras": files.keras_zip, "a.h5": files.h5, "a.onnx": files.onnx, "a.pb": files.frozen_graph,
        "a.pt2": files.exported_program, "a.tflite": classifier,
    }[name]  # fmt: skip
    whole = make(tmp_path / name).read_bytes()
    for size in {1, 5, 9, len(whole) // 3, len(whole) // 2, len(whole) - 5}:
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(ModelError):
            _look(tmp_path / name)


def test_weights_beside_an_onnx_file_belong_to_it_and_never_lie_outside(tmp_path: Path) -> None:
    path = files.onnx(tmp_path / "net.onnx", beside="net.onnx.data")
    with pytest.raises(ModelError, match="not beside it"):
        _look(path)
    (tmp_path / "net.onnx.data").write_bytes(b"weights")
    assert _look(path).files == (path, tmp_path / "net.onnx.data")
    for name in ("../secret", "/etc/passwd"):
        with pytest.raises(ModelError, match="outside of its folder"):
            _look(files.onnx(path, beside=name))


def test_exports_bring_labels_in_a_folder_or_a_zip(tmp_path: Path) -> None:
    vertex = tmp_path / "vertex"
    vertex.mkdir()
    classifier(vertex / "model.tflite")
    (vertex / "dict.txt").write_text("daisy\nrose\n")
    (vertex / "tflite_metadata.json").write_text(json.dumps({"inferenceType": "QUANTIZED_UINT8"}))
    found = _look(vertex)
    assert found.labels == ("daisy", "rose")
    assert found.about["inference type"] == "QUANTIZED_UINT8"
    assert "Vertex AI" in found.export
    with zipfile.ZipFile(tmp_path / "teachable.zip", "w") as archive:
        archive.write(vertex / "model.tflite", "converted/model.tflite")
        archive.writestr("converted/labels.txt", "0 cat\n1 hot dog\n")
    teachable = _look(tmp_path / "teachable.zip")
    assert teachable.labels == ("cat", "hot dog")
    assert "Teachable Machine" in teachable.export
    classifier(vertex / "second.tflite")
    with pytest.raises(ModelError, match=r"holds 2 networks: model\.tflite, second\.tflite"):
        _look(vertex)
    (tmp_path / "apple").mkdir()
    (tmp_path / "apple" / "net.mlmodel").write_bytes(b"x")
    with pytest.raises(ModelError, match="Core ML"):
        _look(tmp_path / "apple")


def test_zips_that_are_made_to_hurt_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "up.zip", "w") as archive:
        archive.writestr("../../up.tflite", b"x")
    link = zipfile.ZipInfo("model.tflite")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    bomb = zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED)
    with bomb, bomb.open("model.tflite", "w") as file:
        for _ in range(80):
            file.write(bytes(1 << 20))
    for name, text in {"up.zip": "outside of itself", "link.zip": "holds a link", "bomb.zip": "fill the disk"}.items():
        with pytest.raises(ModelError, match=text):
            _look(tmp_path / name)
    assert not (tmp_path.parent / "up.tflite").exists()


def test_googles_files_say_how_pictures_are_prepared_and_what_the_classes_are(google_models: Path) -> None:
    found = _look(google_models / "mobilenet_v1_0.25_128_quant.tflite")
    assert found.preparation is not None
    assert (found.preparation.mean, found.preparation.std) == (127.5, 127.5)
    assert (len(found.labels), found.labels[:2]) == (1001, ("background", "tench, Tinca tinca"))


def test_a_free_batch_is_a_note_and_nothing_more(tmp_path: Path) -> None:
    path = write_tflite(
        tmp_path / "free.tflite",
        [Tensor("image", "float32", (1, 2, 2, 1), signature=(-1, 2, 2, 1)), Tensor("scores", "float32", (2, 2))],
        [Operation("SQUEEZE", (0,), (1,))],
        inputs=[0],
        outputs=[1],
    )
    found = _look(path)
    assert found.arithmetic == "float32"
    assert [(one.text, one.fatal) for one in found.obstacles] == [("the size of the batch is free (-1)", False)]
