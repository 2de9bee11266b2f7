"""What a track's parts are given: a misspelt or missing option is one line, and every track here has the right ones."""

import numpy as np
import pytest

from harness import tracks
from harness.tracks.track import Part
from schedules import UserError

GMM = tracks.get("gmm-v1")
MLP = "harness.networks.mlp:ResidualMLP"


@pytest.mark.parametrize("name", tracks.names())
def test_the_tracks_here_have_the_options_that_their_parts_take(name):
    tracks.get(name).check_options()


@pytest.mark.parametrize(
    ("part", "make", "options", "says"),
    [
        (
            "data",
            "harness.data.mixture:load",
            {"modes": 3},
            "option 'modes', which is 3; .* takes dimensions, ",
        ),
        ("network", MLP, {"width": 8, "blocks": 1, "condition": 8, "depth": 2}, "'depth', which is 2; .* takes width,"),
        ("network", MLP, {"width": 8, "blocks": 1}, "option 'condition' is missing; .* takes width, blocks, condition"),
        ("network", MLP, {"shape": (4,)}, "unknown option 'shape'"),  # it is given already
        ("network", MLP, {"width": 64.0}, "option 'width' of .*MLP is 64.0; expected int"),
        ("network", MLP, {"width": "64"}, "option 'width' of .*MLP is '64'; expected int"),
        ("network", MLP, {"blocks": True}, "option 'blocks' of .*MLP is True; expected int"),
        ("network", MLP, {"blocks": None}, "option 'blocks' of .*MLP is None; expected int"),
        ("network", MLP, {"blocks": [2]}, r"option 'blocks' of .*MLP is \[2\]; expected int"),
        ("network", "harness.networks.dit:dit", {"configuration": 2}, "'configuration' .* is 2; expected str"),
        ("data", "harness.data.mixture:load", {"spread": "1"}, "option 'spread' of .*load is '1'; expected float"),
        ("data", "harness.data.own_latents:load", {"folder": "x", "sides": 8}, "unknown option 'sides', which is 8"),
        ("features", "harness.metrics.decoded_features:features", {"classifier": []}, r"is \[\]; expected Mapping"),
        ("features", "harness.metrics.classifiers:identity_features", {"device": "cpu"}, "unknown option 'device'"),
        (
            "network",
            "harness.networks.nmlp:MLP",
            {},
            "no module 'harness.networks.nmlp' for 'harness.networks.nmlp:MLP'",
        ),
        ("network", "harness.networks.mlp:MLP", {}, "no function 'harness.networks.mlp:MLP'; expected module:function"),
        ("features", "harness.data.digits:load", {}, "load takes 0 arguments before its options; expected 1"),
        ("network", "harness.networks.mlp:__doc__", {}, "'harness.networks.mlp:__doc__' is no function; expected"),
        ("network", "harness.networks.mlp", {}, "no function 'harness.networks.mlp'; expected module:function"),
    ],
)
def test_a_wrong_part_is_named(part, make, options, says):
    track = GMM.model_copy(update={part: Part(make=make, options=options)})
    with pytest.raises(UserError, match=f"^track 'gmm-v1', {part}: .*{says}"):
        track.check()


@pytest.mark.parametrize(
    ("part", "make", "options"),
    [
        ("data", "harness.data.mixture:load", {"spread": 1}),  # an integer is a number
        ("data", "harness.data.mixture:load", {"spread": float("inf")}),
        ("features", "fractions:Fraction", {}),  # says nothing of types
    ],
)
def test_what_fits_or_says_no_type_is_taken(part, make, options):
    GMM.model_copy(update={part: Part(make=make, options=options)}).check_options()


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"training": GMM.training.model_copy(update={"steps": 40.5})}, "training.steps is 40.5; expected a valid int"),
        ({"training": GMM.training.model_copy(update={"steps": "40"})}, "training.steps is '40'; expected a valid int"),
        ({"evaluation": GMM.evaluation.model_copy(update={"samples": True})}, "evaluation.samples is True; expected"),
        ({"targets": "v"}, "targets is 'v'; expected a valid array"),
        ({"data": None}, "data is None; expected"),
    ],
)
def test_a_wrong_number_that_a_copy_was_given_is_named(update, says):
    with pytest.raises(UserError, match=f"^track 'gmm-v1': {says}"):
        GMM.model_copy(update=update).check()


def test_a_misspelt_declaration_of_prepared_data_is_named():
    data = tracks.get("imagenet64-v1").data
    wrong = data.model_copy(update={"options": {**data.options, "sides": 64}})
    with pytest.raises(UserError, match=r"'imagenet64': option 'sides': extra inputs .*; they have name, side, vae"):
        wrong()


def test_a_part_that_was_altered_in_place_is_none_of_this_package(monkeypatch):
    """A track of one's own shares its parts with the one it is a copy of."""
    own = GMM.model_copy(update={"name": "own-v1"})
    monkeypatch.setitem(tracks.TRACKS, "own-v1", own)
    tracks.check_options("own-v1")
    monkeypatch.setitem(own.network.options, "widht", 64)
    with pytest.raises(UserError, match=r"^track 'own-v1', network: unknown option 'widht', which is 64"):
        tracks.check_options("own-v1")


def test_an_option_that_no_fingerprint_can_hold_is_named():
    with pytest.raises(ValueError, match=r"option 'width' is .*64.*, of type int64; expected what JSON holds"):
        Part(make=MLP, options={"width": np.int64(64)})
