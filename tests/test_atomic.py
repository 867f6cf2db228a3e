"""Files that are whole or not there."""

import pytest

from fastq.atomic import put


def test_put_replaces_a_file_whole(tmp_path):
    temporary, final = tmp_path / ".new.tmp", tmp_path / "final"
    final.write_text("old")
    temporary.write_text("new")
    put(temporary, final)
    assert final.read_text() == "new"
    assert not temporary.exists()


def test_a_failed_put_leaves_the_old_file(tmp_path):
    final = tmp_path / "final"
    final.write_text("old")
    with pytest.raises(FileNotFoundError):
        put(tmp_path / "missing", final)
    assert final.read_text() == "old"
