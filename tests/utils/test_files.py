"""Files that appear whole or not at all."""

import pytest

from matting.errors import UserError
from matting.utils.files import check_space, replacing, write_text


def test_a_file_is_replaced_when_the_block_ends(tmp_path):
    file = tmp_path / "result.json"
    file.write_text("old")
    with replacing(file) as temporary:
        temporary.write_text("new")
        assert (temporary.parent, temporary.suffix, file.read_text()) == (tmp_path, ".json", "old")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_an_error_leaves_the_old_file_alone(tmp_path):
    file = tmp_path / "result.json"
    file.write_text("old")

    def write_half(path):
        with replacing(path) as temporary:
            temporary.write_text("ne")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        write_half(file)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "result.json"):
        pass


def test_the_longest_name_can_be_written(tmp_path):
    write_text(tmp_path / ("a" * 251 + ".txt"), "text")
    assert len(list(tmp_path.iterdir())) == 1


def test_too_little_space_is_said_before_the_work(tmp_path):
    check_space(tmp_path, 1, "checkpoints")
    with pytest.raises(UserError, match=rf"{tmp_path}: checkpoints .*1\d+\.0 GB"):
        check_space(tmp_path, 10**18, "checkpoints")
