"""The site: every row of every board, links that lead somewhere, and all of it or nothing."""

import re
from html.parser import HTMLParser

import pytest

from harness.cli import main
from leaderboards.boards.query import board_of
from leaderboards.data import released
from leaderboards.releases.site import pages
from leaderboards.render.columns import rank


class Read(HTMLParser):
    """The ids, addresses and rows of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses, self.rows, self.loads = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids |= {values["id"]} if "id" in values else set()
        self.addresses += [values["href"]] if tag == "a" else []
        self.loads += [values[name] for name in ("src",) if name in values] + ([tag] if tag == "link" else [])
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1] and self.lasttag in ("td", "th", "a", "button"):
            self.rows[-1][-1] += data.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web") / "site"
    assert main.exit_code(["publish", "--site", str(folder)]) == 0
    return folder


def read(file):
    return Read(file.read_text(encoding="utf-8"))


def test_every_row_of_every_board_is_there(site):
    for track in released.released_tracks():
        pairs = {(row[0], row[1]) for row in read(site / pages.track_page(track)).rows if len(row) > 1}
        rows = board_of(released.published_table(track), track).rows
        assert {(rank(row), row.entry) for row in rows} <= pairs
        entries = read(site / pages.entries_page(track)).rows
        assert sum(row[0] in ("eps", "v", "x0", "flow", "all") for row in entries) == len(rows)
        text = (site / pages.entries_page(track)).read_text(encoding="utf-8")
        normal = [row for row in rows if row.entry == "logit_normal@tuned"]
        notes = re.findall(r"<p>logit_normal@tuned: (\w+): m=", text)
        assert notes == sorted({row.target for row in normal} - {"all"})[:1]
        assert text.count("EMA × 1.28 · edm2 --P_mean=-0.350947181 --P_std=0.5195") == (track == "digits-v1")


def test_its_links_lead_somewhere_and_it_loads_its_own_pictures_alone(site):
    pages_ = {file.name: read(file) for file in site.glob("*.html")}
    assert len(pages_) == 1 + 2 * len(released.released_tracks())
    for name, page in pages_.items():
        assert page.addresses
        folder = "*-samples" if name.endswith("-entries.html") else "nothing"
        assert set(page.loads) <= {str(file.relative_to(site)) for file in site.glob(f"{folder}/*.webp")}
        for address in page.addresses:
            file, _, part = address.partition("#")
            assert file in pages_, (name, address)
            assert not part or part in pages_[file].ids, (name, address)
    assert {load for page in pages_.values() for load in page.loads} == {
        str(file.relative_to(site)) for file in site.glob("*/*")
    }
    drawn = released.published_table("fashion-latent-v1").runs[["entry", "target"]].drop_duplicates()
    assert len(pages_[pages.entries_page("fashion-latent-v1")].loads) == len(drawn)


def test_a_site_is_replaced_as_a_whole_or_not_at_all(site, monkeypatch, capsys):
    before = {file: file.read_bytes() for file in site.rglob("*") if file.is_file()}

    def full(board):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pages, "details_page", full)
    assert main.exit_code(["publish", "gmm-v1", "--site", str(site)]) != 0
    assert {file: file.read_bytes() for file in site.rglob("*") if file.is_file()} == before
    assert [file.name for file in site.parent.iterdir()] == [site.name]
    monkeypatch.undo()
    assert main.exit_code(["publish", "gmm-v1", "--site", str(site)]) == 0
    assert {file.name for file in site.glob("*.html")} == {"index.html", "gmm-v1.html", "gmm-v1-entries.html"}
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "publish takes a track, or --site DIR"),
        (["--site", "{folder}"], "holds something else"),
        (["cifar10-v1", "--site", "{folder}/new"], "no published results of 'cifar10-v1'"),
        (["--site", "{folder}/new", "--recompute"], "--site writes what is published"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is(words, message, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main.exit_code(["publish", *(word.format(folder=tmp_path) for word in words)]) == 2
    assert message in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
