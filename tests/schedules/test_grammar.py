"""The text form: round trip over random trees, and the column of each kind of mistake."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules import UserError, as_tuned, parse, split_tuned
from schedules.grammar import Argument, Call, Mixture, Spec, read, write

words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word not in ("mixture", "nan", "inf", "infinity")
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
arguments = st.lists(
    st.builds(Argument, words, numbers | words), max_size=3, unique_by=lambda argument: argument.key
).map(tuple)
calls = st.builds(Call, words, arguments)
plain = st.builds(Spec, calls, st.lists(calls, max_size=2).map(tuple))
weights = st.floats(min_value=1e-6, max_value=1e6)
mixtures = st.lists(st.tuples(plain, weights), min_size=1, max_size=3).map(lambda parts: Mixture(tuple(parts)))
trees = (
    plain
    | st.builds(Spec, mixtures, st.lists(calls, max_size=2).map(tuple))
    | st.builds(Spec, calls | mixtures, tuned=st.just(True))
)


@given(trees)
def test_what_is_written_reads_back(tree):
    assert read(write(tree)) == tree


@given(trees, st.sampled_from([" ", "  ", "\t"]))
def test_blanks_mean_nothing(tree, blank):
    text = write(tree)
    for mark in ("|", ",", "(", ")", ":", "="):
        text = text.replace(mark, f"{blank}{mark}{blank}")
    assert read(text) == tree


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(UserError):
        assert parse(parse(text).spec) == parse(text)


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("laplace:scal=1", 9, "did you mean scale?"),
        ("laplac", 1, "did you mean laplace"),
        ("cosine|shif:a=2", 8, "did you mean shift"),
        ("laplace:scale=9", 15, "[0.1, 3]"),
        ("laplace:scale=nan", 15, "a number in"),
        ("laplace:scale=wide", 15, "wide"),
        ("laplace:scale=1e999", 15, "a number in"),
        ("laplace:scale=", 15, "expected the value of 'scale', found the end"),
        ("laplace:scale 1", 15, "expected '=' after 'scale', found '1'"),
        ("laplace:loc=1,loc=1", 15, "given twice"),
        ("laplace scale", 9, "unexpected 's'"),
        ("cosine|", 8, "expected a name, found the end"),
        ("cosine:s=1", 8, "has no parameters"),
        ("shift:a=3", 1, "is a transform"),
        ("mixture(cosine)", 15, "expected '@' and the weight"),
        ("mixture(cosine@-1, edm@1)", 16, "a weight is a positive number"),
        ("mixture(cosine@1", 17, "expected ',' or ')', found the end"),
        ("mixture(cosine@.5, laplac@.5)", 20, "did you mean laplace"),
        ("cosine|truncate:low=3,high=2", 8, "no mass between"),
        ("cösine", 2, "unexpected 'ö'"),
    ],
)
def test_a_mistake_is_reported_at_its_column(text, column, problem):
    with pytest.raises(UserError) as caught:
        parse(text)
    assert f"column {column}: " in str(caught.value)
    assert problem in str(caught.value)


def test_hostile_texts_are_refused():
    with pytest.raises(UserError, match="at most"):
        parse("a" * 10_000)
    with pytest.raises(UserError, match="nested"):
        parse("mixture(" * 50)


def test_a_number_has_no_underscores():
    with pytest.raises(UserError, match=r"scale=1_0 .*expected a number"):
        parse("laplace:scale=1_0")


def test_tuned_is_left_to_the_harness():
    with pytest.raises(UserError, match="no tuned parameters"):
        parse("laplace@tuned")
    assert split_tuned("laplace@tuned|shift:a=3") == ("laplace|shift:a=3", True)
    assert split_tuned("laplace") == ("laplace", False)


@pytest.mark.parametrize(
    "spec",
    [
        "laplace",
        "laplace:scale=0.7",
        "cosine|shift:a=2",
        "preset/sd3|scale:a=2|shift:a=3",
        "mixture(laplace@0.5, cosine@0.5)|shift:a=2",
    ],
)
def test_tuned_is_marked_where_it_is_read(spec):
    assert split_tuned(as_tuned(spec)) == (spec, True)
