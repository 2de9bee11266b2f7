"""The file of a bundle: what is no such zip is refused before it can cost anything."""

from __future__ import annotations

import warnings
import zipfile

import pytest

from leaderboards.releases.bundles import archive, contents
from leaderboards.releases.bundles.archive import MalformedError


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "names",
    [
        ["bundle.json"],
        ["bundle.json", "runs.parquet", "setup.py"],
        ["../bundle.json", "runs.parquet"],
        ["/etc/passwd", "runs.parquet"],
        ["bundle.json", "runs.parquet", "runs.parquet"],
        [f"{number}" for number in range(5000)],
    ],
)
def test_members_other_than_the_two_are_refused(tmp_path, names):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        file = zipped(tmp_path / "b", [(name, b"{}") for name in names])
    with pytest.raises(MalformedError, match=r"expected bundle\.json and runs\.parquet"):
        archive.read(file)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_zip_bomb_is_refused_whatever_it_claims(tmp_path):
    bomb = zipped(
        tmp_path / "b", [("bundle.json", bytes(archive.MEMBER_LIMITS["bundle.json"] + 1)), ("runs.parquet", b"")]
    )
    assert bomb.stat().st_size < 10_000
    with pytest.raises(MalformedError, match=r"bundle.json is larger than 1 MiB"):
        archive.read(bomb)
    content = bytearray(bomb.read_bytes())
    true, lie = ((archive.MEMBER_LIMITS["bundle.json"] + 1).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert content.count(true) == 2
    bomb.write_bytes(content.replace(true, lie))
    with pytest.raises(MalformedError):
        contents.open_bundle(bomb)


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_LIMIT", 100)
    (tmp_path / "b").write_bytes(bytes(101))
    with pytest.raises(MalformedError, match="expected at most"):
        archive.read(tmp_path / "b")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 and no more"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(MalformedError, match=r"bundle .*b"):
        archive.read(tmp_path / "b")
