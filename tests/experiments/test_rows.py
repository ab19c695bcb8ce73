"""An experiment's rows go on past one that fails."""

from matting.experiments import execution


def test_reproduce_goes_on_past_a_failed_row_and_names_it(tiny, monkeypatch):
    def failing(config):
        seen.append(config.net.gen.encoder)
        raise MemoryError("too large")

    seen: list[str] = []
    monkeypatch.setattr(execution, "train", failing)
    code, out, err = tiny("reproduce", "experiments=pomagan/encoder")
    assert (code, seen) == (4, ["concat", "two"])
    assert "net.gen.encoder=concat" in err.splitlines()[-1]
    assert "outputs/experiments/index.html" in out
