import json

from benchmarks.training_speed import main


def test_a_short_run_gives_speed_and_the_share_of_reading(tmp_path):
    main(["--families", "mlp", "--sizes", "32", "--steps", "6", "--out", str(tmp_path)])
    [found] = json.loads((tmp_path / "training-speed.json").read_text())
    assert (found["family"], found["size_px"], found["batch_size"]) == ("mlp", 32, 64)
    assert found["photos_per_s"] > 0
    assert 0 < found["reading_share"] < 1
