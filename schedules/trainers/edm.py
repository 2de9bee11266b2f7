"""EDM: ln σ ~ N(P_mean, P_std²), and the VP and VE draws it compares with.

Read in NVlabs/edm, commit 008a4e5 (2024-03-16): training/loss.py (EDMLoss, VPLoss, VELoss), train.py. There σ is added
to data of standard deviation σ_d = 0.5, so λ = −2 ln σ + 2 ln σ_d:

    --precond=edm   ln σ = P_mean + P_std·n, n ~ N(0, 1)
    --precond=vp    σ² = e^{½ beta_d t² + beta_min t} − 1, t ~ U(epsilon_t, 1)
    --precond=ve    ln σ ~ U(ln sigma_min, ln sigma_max)

train.py has no flag for any of the constants: they are arguments of the loss, set in `c.loss_kwargs`. EDMLoss takes
sigma_data for its weight alone; what counts for λ is the standard deviation that the data have. Where that is not 0.5,
the network's sigma_data has to say so too (training/networks.py, EDMPrecond), so that the weight stays 1/c_out²: then
the loss is that of predicting v at unit variance.
"""

from __future__ import annotations

import math

from schedules.trainers.common import specs
from schedules.trainers.common.text import aside, call
from schedules.trainers.common.trainer import Draw, Flag, Preset, Settings, Span, Trainer, Way

OWN = 0.5
LOSS = "train.py has no flag for the constants of a loss: the line goes after its c.loss_kwargs.class_name"
OF_DATA = (
    "σ_d = {:g} is that of the data as EDM scales them, black −1 and white 1; loss and network have to agree on it"
)


def draw(settings: Settings) -> Draw:
    """Flags → density."""
    number = {name: float(value) for name, value in settings.items() if name != "precond"}
    sigma_data = number["sigma_data"]
    if settings["precond"] == "edm":
        spec = specs.edm("edm", number["P_mean"], number["P_std"], sigma_data)
        return Draw(spec, "edm", (LOSS, *([] if sigma_data == OWN else [OF_DATA.format(sigma_data)])))
    if settings["precond"] == "vp":
        names = {"beta_min": number["beta_min"], "beta_max": number["beta_min"] + number["beta_d"]}
        spec = specs.call("vp_sde", **names, eps=number["epsilon_t"])
    else:
        spec = specs.call("ve_sde", sigma_min=number["sigma_min"], sigma_max=number["sigma_max"])
    return Draw(_of_data(spec, sigma_data), "eps", (LOSS,))


def write(settings: Settings) -> str:
    """The one flag that there is, and the lines of train.py that set the rest."""
    own = {name: value for name, value in settings.items() if name != "precond"}
    data = {}
    if settings["precond"] != "edm" and "sigma_data" in own:  # only EDMLoss takes it
        data = {"sigma_data": own.pop("sigma_data")}
    network = f" {call('c.network_kwargs.update', {'sigma_data': own['sigma_data']})}" if "sigma_data" in own else ""
    return f"--precond={settings['precond']} {call('c.loss_kwargs.update', own)}{network}{aside(data)}"


def _of_data(spec: str, sigma_data: float) -> str:
    """λ' = λ + 2 ln σ_d."""
    return spec if sigma_data == 1 else f"{spec}|{specs.call('input_scale', b=sigma_data)}"


TRAINER = Trainer(
    name="edm",
    title="EDM",
    source="NVlabs/edm training/loss.py, train.py @ 008a4e5",
    flags={
        "precond": Flag("edm", choices=("edm", "vp", "ve")),
        "P_mean": Flag(-1.2),
        "P_std": Flag(1.2, low=math.ulp(0.0)),
        "beta_d": Flag(19.9),
        "beta_min": Flag(0.1),
        "epsilon_t": Flag(1e-5, low=0.0, high=1.0),
        "sigma_min": Flag(0.02, low=math.ulp(0.0)),
        "sigma_max": Flag(100.0, low=math.ulp(0.0)),
        "sigma_data": Flag(OWN, low=1e-3, high=1e3),
    },
    draw=draw,
    ways=(
        Way({"precond": "edm"}, {"P_mean": Span(-10, 10), "P_std": Span(0.01, 50, log=True)}),
        Way({"precond": "ve"}, {"sigma_min": Span(1e-4, 0.1, log=True), "sigma_max": Span(5, 2000, log=True)}),
        Way({"precond": "vp"}, {"beta_d": Span(5, 39), "beta_min": Span(0.001, 1, log=True)}),
    ),
    presets={"preset/edm-cifar10": Preset("--precond=edm")},
    write=write,
)
