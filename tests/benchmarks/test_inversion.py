import pytest
import torch
from benchmarks.inversion import main

from partly.data.photos import write_png
from partly.models.encoders import LatentEncoder, LatentEncoderShape
from partly.models.generators import pixels_of, sample_w
from partly.models.generators.vae_decoder import KIND as VAE
from tests.inference.invert.tiny_generators import lively


@pytest.mark.slow
def test_every_method_is_compared_and_a_stop_costs_nothing(tmp_path, capsys, monkeypatch):
    generator = lively(VAE)
    generator.save(tmp_path / "generator", {})
    encoder = LatentEncoder(LatentEncoderShape(5, 32, 4))
    encoder.save(tmp_path / "encoder", {"parents": {"generator_sha256": generator.digest}})
    for i in range(2):
        write_png(
            tmp_path / "photos" / f"{i}.png", pixels_of(generator.synthesise(sample_w(generator, 5, i)))
        )
    line = [str(tmp_path / "generator"), str(tmp_path / "photos"), "--encoder", str(tmp_path / "encoder")]
    line += [
        "--usual-steps",
        "4",
        "--hybrid-steps",
        "2",
        "--compared-at",
        "16",
        "--out",
        str(tmp_path / "out"),
    ]
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    main(line)
    said = capsys.readouterr().out
    assert said.count("'photo': ") == 6
    for text in ("usual", "encoder", "encoder, 2 steps", "100.0 %", "one thread"):
        assert text in said
    main(line)
    again = capsys.readouterr().out
    assert "'photo': " not in again
    assert "100.0 %" in again
