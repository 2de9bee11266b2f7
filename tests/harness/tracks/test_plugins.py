"""Tracks from a user's file: known by name, never an older text of the file, and one line for what cannot be."""

import os
import re

import pytest

from harness import tracks
from harness.cli import main
from harness.tracks.plugins import load_plugin
from schedules import UserError

TRACK = """
from harness.tracks.gmm import GMM

MINE = GMM.model_copy(update={"name": "NAME", "training": GMM.training.model_copy(update={"steps": STEPS})})
"""


@pytest.fixture(autouse=True)
def _forget():
    before = dict(tracks.TRACKS)
    yield
    tracks.TRACKS.clear()
    tracks.TRACKS.update(before)


def written(file, steps, name="mine-v1"):
    file.write_text(TRACK.replace("NAME", name).replace("STEPS", str(steps)))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    return str(file)


def test_an_edited_file_is_never_taken_for_what_it_was(tmp_path):
    file = tmp_path / "mine.py"
    assert load_plugin(written(file, 40)) == load_plugin(str(file)) == ["mine-v1"]
    assert tracks.get("mine-v1").training.steps == 40
    with pytest.raises(UserError, match="'mine-v1' is there already"):
        load_plugin(written(file, 80))  # in one process a name has one meaning
    assert load_plugin(written(file, 80, "mine-v2")) == ["mine-v2"]
    assert tracks.get("mine-v2").training.steps == 80
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("none.py", "", "holds no Track"),
        ("broken.py", "def (", "import failed with SyntaxError"),
        ("exits.py", "import sys; sys.exit('two\\nlines')", "import failed with SystemExit: two lines"),
        ("panics.py", "raise GeneratorExit('two\\nlines')", "import failed with GeneratorExit: two lines"),
        ("text.txt", "", "expected a file that ends in .py"),
        ("bytes.py", "\0", "import failed with SyntaxError"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, name, text, says):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UserError, match=says) as refused:
        load_plugin(str(file))
    assert "\n" not in str(refused.value)
    assert repr(str(file)) in str(refused.value)


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ('"trainnig": 3', "unknown field of track 'mine-v1': 'trainnig'; did you mean training"),
        (
            '"training": GMM.training.model_copy(update={"step": 3})',
            "field of track 'mine-v1': 'step'; did you mean steps",
        ),
        ('"training": GMM.training.model_copy(update={"steps": -5})', "training.steps is -5; expected greater than 0"),
        ('"training": GMM.training.model_copy(update={"batch": 0})', "training.batch is 0; expected greater than 0"),
        (
            '"training": GMM.training.model_copy(update={"learning_rate": float("nan")})',
            "training.learning_rate is nan; expected a finite number",
        ),
        ('"summary": None', "track 'mine-v1': summary is None; expected a valid string"),
        ('"name": ""', "track name '': expected letters"),
        ('"name": "../../x"', "track name '../../x': expected letters"),
        ('"name": "mine-v1@0.2"', "track name 'mine-v1@0.2': expected letters"),
        ('"name": 3', "track name 3: expected letters"),
    ],
)
def test_what_a_copy_was_given_wrongly_is_refused_when_it_is_loaded(tmp_path, update, says):
    """pydantic looks at nothing that `model_copy` is given."""
    file = tmp_path / "mine.py"
    given = f'{{"name": "mine-v1", {update}}}'
    file.write_text(f"from harness.tracks.gmm import GMM\nMINE = GMM.model_copy(update={given})\n")
    with pytest.raises(UserError, match=re.escape(says)):
        load_plugin(str(file))
    assert "mine-v1" not in tracks.names()


def test_what_a_file_sets_for_the_process_is_put_back(tmp_path):
    file, before = tmp_path / "mine.py", os.getcwd()
    file.write_text(f"import os\nos.chdir('/')\n{TRACK.replace('NAME', 'mine-v1').replace('STEPS', '40')}")
    assert load_plugin(str(file)) == ["mine-v1"]
    assert os.getcwd() == before


def test_commands_that_read_know_it_too(tmp_path, capsys):
    """Before it is loaded the name is unknown; then it is shown, and its board says what is missing."""
    file, store = written(tmp_path / "mine.py", 40), str(tmp_path / "no")
    assert main.exit_code(["tracks", "show", "mine-v1"]) == 2
    assert main.exit_code(["leaderboard", "mine-v1", "--store", store]) == 2
    assert capsys.readouterr().err.count("unknown track 'mine-v1'") == 2
    assert main.exit_code(["tracks", "show", "mine-v1", "--track-plugin", file]) == 0
    assert "mine-v1" in capsys.readouterr().out
    assert main.exit_code(["leaderboard", "mine-v1", "--store", store, "--track-plugin", file]) == 2
    assert "no store at" in capsys.readouterr().err
