"""Loading plugins from files, modules and installed packages; each way to fail is one line."""

import hashlib
import importlib
import inspect
import os
import subprocess
import sys
import textwrap
import traceback
import warnings

import numpy as np
import pytest

import schedules
from forgotten_plugins import forgotten_afterwards
from schedules import UserError, weightings

GOOD = """
from scipy import stats
from schedules import register

@register("{name}")
def {name}():
    \"\"\"A normal density.\"\"\"
    return stats.norm()
"""

SPACE = """
from optuna.distributions import FloatDistribution as Float
from scipy import stats
from schedules import register

@register("with_space", space={space})
def with_space(a={default}):
    return stats.norm(a)
"""


@pytest.fixture(autouse=True)
def _forget_plugins():
    with forgotten_afterwards():
        yield


def write(folder, name, text):
    file = folder / name
    file.write_text(textwrap.dedent(text))
    return file


def test_a_file_is_loaded_once(tmp_path):
    file = write(tmp_path, "mine.py", GOOD.format(name="from_file"))
    assert schedules.load_plugin(file) == ["from_file"]
    assert schedules.load_plugin(str(file)) == ["from_file"]
    assert schedules.info("from_file").origin == "plugin mine.py"
    assert schedules.create("from_file").cdf(0) == 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise NotImplementedError", "import failed with NotImplementedError$"),
        ("raise ValueError('  two\\n lines')", "import failed with ValueError: two lines$"),
        ("from schedules import UserError\nraise UserError", "plugin mine.py: UserError$"),
    ],
)
def test_an_exception_without_text_goes_by_its_name(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        schedules.load_plugin(write(tmp_path, "mine.py", text))


def test_a_function_that_raises_without_text_is_named(tmp_path):
    source = GOOD.format(name="silent").replace("return stats.norm()", "raise NotImplementedError")
    schedules.load_plugin(write(tmp_path, "mine.py", source))
    with pytest.raises(UserError, match=r"silent raised NotImplementedError$"):
        schedules.create("silent")


def test_an_edited_file_replaces_what_it_registered(tmp_path):
    file = write(tmp_path, "mine.py", GOOD.format(name="from_file"))
    schedules.load_plugin(file)
    write(tmp_path, "mine.py", GOOD.format(name="from_file").replace("norm()", "norm(2)"))
    schedules.load_plugin(file)
    assert schedules.create("from_file").cdf(2) == 0.5


def test_an_edit_within_the_same_second_to_the_same_length_is_seen(tmp_path):
    """Byte code goes by size and whole seconds; the text, its source and tracebacks must be those of now."""
    file = tmp_path / "mine.py"
    for edited in ("norm(1)", "norm(2)"):
        write(tmp_path, "mine.py", GOOD.format(name="from_file").replace("norm()", edited))
        os.utime(file, (1_000_000_000, 1_000_000_000))
        schedules.load_plugin(file)
        function = schedules.info("from_file").function
        assert schedules.create("from_file").cdf(float(edited[5])) == 0.5
        assert edited in inspect.getsource(function)
        assert schedules.info("from_file").source_hash == hashlib.sha256(file.read_bytes()).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"], "no byte code is left beside it"


def test_a_traceback_shows_the_text_that_runs(tmp_path):
    text = GOOD.format(name="from_file").replace("stats.norm()", "stats.norm(1 / {})")
    file = write(tmp_path, "mine.py", text.format(0))
    schedules.load_plugin(file)
    function = schedules.info("from_file").function
    write(tmp_path, "mine.py", "# " + text.format(7))
    with pytest.raises(ZeroDivisionError) as raised:
        function()
    assert f'File "{file}", line 8, in from_file\n    return stats.norm(1 / 0)' in "".join(
        traceback.format_exception(raised.value)
    )


def test_a_module_is_found_in_the_working_directory(tmp_path, monkeypatch):
    write(tmp_path, "my_schedules_module.py", GOOD.format(name="from_module"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    path = list(sys.path)
    assert schedules.load_plugin("my_schedules_module") == ["from_module"]
    assert sys.path == path
    assert schedules.load_plugin("my_schedules_module") == ["from_module"]
    assert [path.name for path in tmp_path.iterdir()] == ["my_schedules_module.py"]


def test_a_plugin_may_register_only_a_weighting(tmp_path):
    file = write(
        tmp_path,
        "w.py",
        """
        import numpy as np
        from schedules import weightings

        @weightings.register("ones")
        def ones(logsnr):
            return np.ones_like(logsnr)
        """,
    )
    assert schedules.load_plugin(file) == ["ones"]
    assert weightings.check("ones") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("def broken(:\n  pass", "syntax error in line 1"),
        ("1/0", "ZeroDivisionError"),
        ("x = 1", "registers no schedule"),
        ("raise SystemExit(3)", "exits when imported"),
        (GOOD.format(name="half_way") + "\nraise RuntimeError('later\\nmore')", "RuntimeError"),
        (GOOD.format(name="cosine"), "registered already"),
        ("\0", "syntax error: source code"),
        ("from schedules import register\n@register\ndef mine(): ...", r"@register of 'mine' has no name"),
        (SPACE.format(space="['a']", default=1.0), "space is .*expected a dict"),
        (SPACE.format(space="{}", default=1.0), r"'a' has no search space.*space=\{'a': FloatDistribution"),
        (SPACE.format(space="{}", default=2), r"space=\{'a': IntDistribution\(1, 20\)"),
        (SPACE.format(space="{}", default="'x'"), r"space=\{'a': CategoricalDistribution\(\['x', …\]\)"),
        (SPACE.format(space="{'a': (0, 1)}", default=1.0), "no distribution of Optuna's"),
        (SPACE.format(space="{'a': Float(0, float('inf'))}", default=1.0), "expected finite ends"),
        ("import schedules; schedules.load_plugin(__file__)", "broken.py: it loads itself"),
    ],
)
def test_a_broken_file_is_one_line_and_leaves_nothing(tmp_path, text, problem):
    file = write(tmp_path, "broken.py", text)
    before = schedules.names()
    with pytest.raises(UserError, match=problem) as caught:
        schedules.load_plugin(file)
    assert "broken.py" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert schedules.names() == before


@pytest.mark.parametrize("name", ["/nowhere/x.py", "no_such_module_anywhere", "os.path.nothing", "not a module", ""])
def test_plugins_that_are_not_there(name):
    with pytest.raises(UserError, match="plugin"):
        schedules.load_plugin(name)


@pytest.mark.parametrize("name", ["folder", "folder.py", "./folder"])
def test_a_folder_is_no_plugin(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(UserError, match="a folder; expected a file"):
        schedules.load_plugin(name)


def test_a_function_that_exits_is_one_line(tmp_path):
    schedules.load_plugin(
        write(tmp_path, "leaves.py", GOOD.format(name="leaves").replace("return stats.norm()", "raise SystemExit(3)"))
    )
    with pytest.raises(UserError, match="leaves raised SystemExit: 3"):
        schedules.create("leaves")


def install(site, name, text, value=None):
    """What pip leaves behind of a package with one entry point."""
    write(site, f"{name}.py", text)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    write(info, "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    write(info, "entry_points.txt", f"[snrbench.schedules]\n{name} = {value or name}\n")


def test_an_installed_package_is_found(tmp_path, monkeypatch):
    install(tmp_path, "example_schedules", GOOD.format(name="from_package"))
    monkeypatch.syspath_prepend(tmp_path)
    assert "from_package" in schedules.load_entry_points()
    assert schedules.info("from_package").origin == "entry point example_schedules of example_schedules"


def test_an_installed_package_stays_when_what_a_test_tried_is_forgotten(tmp_path, monkeypatch):
    install(tmp_path, "stays_installed", GOOD.format(name="of_package"))
    monkeypatch.syspath_prepend(tmp_path)
    file = write(tmp_path, "mine.py", GOOD.format(name="to_try"))
    for _ in range(2):
        with forgotten_afterwards():
            assert schedules.load_entry_points() == ["of_package"]
            assert schedules.load_plugin(file) == ["to_try"]
        assert "of_package" in schedules.names()
        assert "to_try" not in schedules.names()


def test_a_broken_package_is_named(tmp_path, monkeypatch):
    install(tmp_path, "broken_schedules", "1/0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"entry point broken_schedules of broken_schedules.*ZeroDivisionError"):
        schedules.load_entry_points()


def test_importing_schedules_is_light():
    """The command line imports it for every command, `--help` included."""
    code = (
        "import sys, schedules, schedules.errors; print([m for m in ('numpy', 'scipy', 'optuna') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


STATE = {
    "os.chdir('/')": os.getcwd,
    "sys.setrecursionlimit(4321)": sys.getrecursionlimit,
    "warnings.simplefilter('error')": lambda: list(warnings.filters),
    "numpy.seterr(all='raise')": np.geterr,
    "torch.set_num_threads(torch.get_num_threads() + 3)": lambda: importlib.import_module("torch").get_num_threads(),
    "torch.set_default_dtype(torch.float64)": lambda: importlib.import_module("torch").get_default_dtype(),
}


@pytest.mark.parametrize("change", STATE)
@pytest.mark.parametrize("where", ["file", "factory"])
def test_what_a_plugin_sets_for_the_process_is_put_back(tmp_path, change, where):
    before = STATE[change]()
    text = "import os, sys, warnings\nimport numpy, torch\n" + GOOD.format(name="meddles")
    text = text + change if where == "file" else text.replace("return", f"{change}\n    return")
    schedules.load_plugin(write(tmp_path, "mine.py", text))
    assert schedules.create("meddles").cdf(0) == 0.5
    assert STATE[change]() == before


@pytest.mark.parametrize("raised", ["GeneratorExit('x')", "type('Panic', (BaseException,), {})('x')"])
def test_whatever_is_raised_is_one_line(tmp_path, raised):
    with pytest.raises(UserError, match=r"^plugin mine.py: import failed with (Panic|GeneratorExit): x$"):
        schedules.load_plugin(write(tmp_path, "mine.py", f"raise {raised}"))
    source = GOOD.format(name="panics").replace("return stats.norm()", f"raise {raised}")
    schedules.load_plugin(write(tmp_path, "mine.py", source))
    with pytest.raises(UserError, match=r"panics raised (Panic|GeneratorExit): x$"):
        schedules.create("panics")


def test_an_interruption_stays_one(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        schedules.load_plugin(write(tmp_path, "mine.py", "raise KeyboardInterrupt"))


def test_an_exception_that_cannot_be_written_goes_by_its_name(tmp_path):
    text = "class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute"
    with pytest.raises(UserError, match=r"^plugin mine.py: import failed with Mute$"):
        schedules.load_plugin(write(tmp_path, "mine.py", text))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_plugin_may_close_what_it_prints_to(tmp_path, capsys, stream):
    text = f"import sys\nprint('first')\nsys.{stream}.close()\n" + GOOD.format(name="closes")
    schedules.load_plugin(write(tmp_path, "mine.py", text))
    print("still here", file=sys.stderr)
    assert capsys.readouterr().err == "first\nstill here\n"


def test_nothing_of_a_plugin_steers_a_terminal(tmp_path):
    with pytest.raises(UserError, match=r"RuntimeError: \[2J hidden$"):
        schedules.load_plugin(write(tmp_path, "mine.py", r"raise RuntimeError('\x1b[2J\x07 hidden')"))
    text = GOOD.format(name="steers").replace('"steers"', r'"steers", paper="\x1b[2J"')
    text = text.replace("A normal", r"\x1b[31mA")
    schedules.load_plugin(write(tmp_path, "mine.py", text))
    assert (schedules.info("steers").summary, schedules.info("steers").paper) == ("[31mA density.", " [2J")


def test_a_word_of_the_grammar_is_no_name(tmp_path):
    text = GOOD.format(name="mine").replace('"mine"', '"mixture"')
    with pytest.raises(UserError, match="schedule name 'mixture' is a word of the grammar; choose another"):
        schedules.load_plugin(write(tmp_path, "mine.py", text))
