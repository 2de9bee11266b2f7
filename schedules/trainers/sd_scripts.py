"""kohya's sd-scripts: FLUX.1 and Chroma, Anima, HunyuanImage-2.1, Lumina 2, SD3, and the index models SD and SDXL.

Read in kohya-ss/sd-scripts, commit 48d368f (v0.10.1 and five commits, 2026-02-16): library/flux_train_utils.py,
library/lumina_train_util.py, library/sd3_train_utils.py, library/train_util.py, library/anima_train_utils.py,
hunyuan_image_train_network.py.

    flux_train*.py and those that use its draw (anima_train*.py, hunyuan_image_train_network.py, lumina_train*.py)
      --timestep_sampling
        uniform        t ~ U(0, 1)
        sigmoid        logit t = sigmoid_scale·n, n ~ N(0, 1)
        shift          the same, then t' = at/(1 + (a − 1)t), a = discrete_flow_shift
        flux_shift     the same with a = e^μ, μ on the line from 0.5 at 256 to 1.15 at 4096 tokens
        nextdit_shift  t ~ U(0, 1) with that a (Lumina 2 only)
        sigma          u from --weighting_scheme is an *index* into times that fall and are shifted already, by
                       discrete_flow_shift: t = shift(1 − u), the mirror image of the paper, as in diffusers
    sd3_train*.py      u from --weighting_scheme is the *time*: t' = shift(u) by training_shift, then the window from
                       min_timestep to max_timestep over 1000. The same --logit_mean, in the opposite direction
    train_network.py, sdxl_*.py, fine_tune.py, train_db.py   a uniform index of scaled_linear between min_timestep and
                       max_timestep

--weighting_scheme sigma_sqrt and cosmap draw uniformly and weight the loss: of FLUX-like models only under
--model_prediction_type sigma_scaled, which is the default of FLUX's scripts alone.
"""

from __future__ import annotations

import math

from schedules.errors import UserError
from schedules.schedule import create
from schedules.spaces import text
from schedules.trainers.common import specs
from schedules.trainers.common.trainer import TOKENS, Draw, Flag, Preset, Settings, Span, Trainer, Value, Way

SCRIPTS: dict[str, dict[str, Value]] = {
    "flux": {"timestep_sampling": "sigma", "discrete_flow_shift": 3.0, "model_prediction_type": "sigma_scaled"},
    "anima": {"timestep_sampling": "sigmoid", "discrete_flow_shift": 1.0, "model_prediction_type": "raw"},
    "hunyuan_image": {"timestep_sampling": "sigma", "discrete_flow_shift": 5.0, "model_prediction_type": "raw"},
    "lumina": {"timestep_sampling": "shift", "discrete_flow_shift": 6.0, "model_prediction_type": "raw"},
    "sd3": {},
    "sd": {},
}
"""What a script's own parser has as defaults."""
_FILES = {"flux_train": "flux", "anima_train": "anima", "hunyuan_image_train": "hunyuan_image", "sd3_train": "sd3"}
_FILES |= {"lumina_train": "lumina", "sdxl_train": "sd", "train_network": "sd", "fine_tune": "sd", "train_db": "sd"}
SCHEMES = ("sigma_sqrt", "logit_normal", "mode", "cosmap", "none", "uniform")
WEIGHTINGS = {"sigma_sqrt": "sigma_sqrt", "cosmap": "cosmap_weight"}
GRID = "drawn from a grid of 1000 times"


def script(word: str) -> Settings:
    """Which kind of script a word of a command line names."""
    file = word.replace("\\", "/").rpartition("/")[2]
    kind = next((kind for start, kind in _FILES.items() if file.startswith(start) and file.endswith(".py")), None)
    return {"script": kind} if kind else {}


def draw(settings: Settings) -> Draw:
    """Flags → density. UserError: flags that two scripts read differently, and no script."""
    kind = _kind(settings)
    if kind in ("sd", "sd3") and "timestep_sampling" in settings:
        raise UserError(
            f"sd-scripts: timestep_sampling is read by the scripts of FLUX and its followers, not by {kind}'s"
        )
    if kind == "sd":
        return _by_index(settings)
    if kind == "sd3":
        return _by_time(settings)
    for name in ("training_shift", "min_timestep", "max_timestep"):
        if name in settings:
            raise UserError(
                f"sd-scripts: {name} is read by sd3_train*.py (the window by SD and SDXL too), not by {kind}"
            )
    return _by_sigma({**SCRIPTS[kind], **settings}, kind)


def _kind(settings: Settings) -> str:
    """The kind of script: named, or the only one that reads these flags."""
    if "script" in settings:
        return str(settings["script"])
    if "training_shift" in settings:
        return "sd3"
    if settings.get("timestep_sampling", "sigma") != "sigma" or "discrete_flow_shift" in settings:
        return "flux"
    raise UserError(
        "sd-scripts: which script? flux_train*.py and sd3_train*.py read these flags in opposite directions; "
        "begin with its name, as in 'sd3_train_network.py --weighting_scheme logit_normal'"
    )


def _by_sigma(settings: Settings, kind: str) -> Draw:
    """FLUX and its followers."""
    way, scheme = str(settings["timestep_sampling"]), str(settings["weighting_scheme"])
    scale, shift = float(settings["sigmoid_scale"]), float(settings["discrete_flow_shift"])
    mu, tokens = specs.Line().mu(float(settings["tokens"])), f"at {text(settings['tokens'])} tokens"
    weighting = WEIGHTINGS.get(scheme, "native") if settings["model_prediction_type"] == "sigma_scaled" else "native"
    if way == "nextdit_shift" and kind != "lumina":
        raise UserError(f"sd-scripts: timestep_sampling=nextdit_shift is lumina_train*.py's; {kind}'s scripts lack it")
    if way == "sigma":
        note = "an index into falling times: t = shift(1 − u), so logit_mean > 0 moves mass towards clean data"
        if scheme == "logit_normal":
            base = specs.logit_normal(-float(settings["logit_mean"]), float(settings["logit_std"]))
            return Draw(specs.shifted(base, shift), weighting, (GRID, note))
        base = specs.call("mode", s=float(settings["mode_scale"])) if scheme == "mode" else "flow_uniform"
        return Draw(specs.shifted(base, shift), weighting, (GRID,))
    bell = specs.logit_normal(0.0, scale)
    density, notes = {
        "uniform": ("flow_uniform", ()),
        "sigmoid": (bell, ()),
        "shift": (specs.shifted(bell, shift), ()),
        "flux_shift": (specs.by_mu(bell, mu), (tokens,)),
        "nextdit_shift": (specs.by_mu("flow_uniform", mu), (tokens,)),
    }[way]
    return Draw(density, weighting, notes)


def _by_time(settings: Settings) -> Draw:
    """SD3."""
    scheme = str(settings["weighting_scheme"])
    base = {
        "logit_normal": specs.logit_normal(float(settings["logit_mean"]), float(settings["logit_std"])),
        "mode": specs.call("mode", s=float(settings["mode_scale"])),
    }.get(scheme, "flow_uniform")
    low, high = _window(settings)
    density = specs.window(specs.shifted(base, float(settings.get("training_shift", 1.0))), low, high)
    return Draw(density, WEIGHTINGS.get(scheme, "native"), (f"{GRID}, as sd3_train*.py draw",))


def _by_index(settings: Settings) -> Draw:
    """SD and SDXL: index k of the table is t = (k + 1)/1000; cutting the index cuts λ."""
    base = "zero_terminal_snr" if settings["zero_terminal_snr"] else "scaled_linear"
    low, high = _window(settings)
    ends = {} if high == 1 else {"low": float(create(base).logsnr(high))}
    ends |= {} if low == 0 else {"high": float(create(base).logsnr(low))}
    density = f"{base}|{specs.call('truncate', **ends)}" if ends else base
    return Draw(density, "native", ("drawn from a table of 1000 steps",))


def _window(settings: Settings) -> tuple[float, float]:
    low, high = float(settings.get("min_timestep", 0.0)) / 1000, float(settings.get("max_timestep", 1000.0)) / 1000
    if not low < high:
        raise UserError(f"sd-scripts: min_timestep {1000 * low:g} is not below max_timestep {1000 * high:g}")
    return low, high


_SD3 = {"script": "sd3"}
_TOKENS = ("tokens",)
_SCALE, _SHIFT = Span(0.01, 50, log=True), Span(0.01, 100, log=True)
_LOGIT = {"logit_mean": Span(-10, 10), "logit_std": _SCALE}
_MODE = Span(-1, 1.7)

TRAINER = Trainer(
    name="sd-scripts",
    title="kohya's sd-scripts",
    source="kohya-ss/sd-scripts library/flux_train_utils.py, library/sd3_train_utils.py, library/lumina_train_util.py, "
    "library/train_util.py @ 48d368f",
    flags={
        "script": Flag(None, choices=tuple(SCRIPTS), written=False),
        "timestep_sampling": Flag(
            None, choices=("sigma", "uniform", "sigmoid", "shift", "flux_shift", "nextdit_shift")
        ),
        "weighting_scheme": Flag("uniform", choices=SCHEMES),
        "sigmoid_scale": Flag(1.0, low=math.ulp(0.0)),
        "discrete_flow_shift": Flag(None, low=1e-3, high=1e3),
        "logit_mean": Flag(0.0),
        "logit_std": Flag(1.0, low=math.ulp(0.0)),
        "mode_scale": Flag(1.29),
        "training_shift": Flag(None, low=1e-3, high=1e3),
        "min_timestep": Flag(None, low=0, high=1000),
        "max_timestep": Flag(None, low=0, high=1000),
        "zero_terminal_snr": Flag(False),
        "model_prediction_type": Flag(None, choices=("raw", "additive", "sigma_scaled")),
        "tokens": Flag(float(TOKENS), low=1, high=1e7, written=False),
    },
    draw=draw,
    ways=(
        Way({"timestep_sampling": "uniform"}),
        Way({"timestep_sampling": "sigmoid"}, {"sigmoid_scale": _SCALE}),
        Way({"timestep_sampling": "flux_shift"}, {"sigmoid_scale": _SCALE}, needs=_TOKENS),
        Way({"timestep_sampling": "nextdit_shift", "script": "lumina"}, needs=_TOKENS, kind="script"),
        Way({"timestep_sampling": "shift"}, {"sigmoid_scale": _SCALE, "discrete_flow_shift": _SHIFT}),
        Way({"weighting_scheme": "uniform", "timestep_sampling": "sigma"}, {"discrete_flow_shift": _SHIFT}),
        Way(
            {"weighting_scheme": "mode", "timestep_sampling": "sigma"},
            {"mode_scale": _MODE, "discrete_flow_shift": _SHIFT},
        ),
        Way({"weighting_scheme": "logit_normal", **_SD3}, _LOGIT, kind="script"),
        Way({"weighting_scheme": "uniform", **_SD3}, {"training_shift": _SHIFT}, kind="script"),
        Way({"weighting_scheme": "mode", **_SD3}, {"mode_scale": _MODE, "training_shift": _SHIFT}, kind="script"),
        Way({"script": "sd"}, kind="script"),
        Way({"script": "sd", "zero_terminal_snr": True}, kind="script"),
    ),
    presets={
        "preset/flux-1024": Preset("--timestep_sampling flux_shift", tokens=4096),
        "preset/sd3": Preset("sd3_train_network.py --weighting_scheme logit_normal --training_shift 3"),
    },
    named=script,
)
