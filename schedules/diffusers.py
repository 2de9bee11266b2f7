"""From a diffusers scheduler to a registered schedule; the other way is `schedules.export`."""

from __future__ import annotations

from typing import Any

from schedules.errors import UserError
from schedules.schedule import Schedule, create, parse

_TABLES = {"linear": "ddpm_linear", "scaled_linear": "scaled_linear", "sigmoid": "geodiff_sigmoid"}


def from_diffusers(scheduler: Any) -> Schedule:
    """The schedule that a diffusers scheduler trains with, recognised by its configuration.

    scheduler: with a beta_schedule linear, scaled_linear, squaredcos_cap_v2 or sigmoid (rescale_betas_zero_snr for
               the first two at their own default β), or a flow-matching scheduler with a fixed shift
    UserError: another configuration; `from_alphas_cumprod(scheduler.alphas_cumprod)` makes a density of any table.

    Needs nothing of diffusers but the scheduler itself.

        >>> import schedules
        >>> class DDPMScheduler:  # as diffusers' own
        ...     config = {
        ...         "beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02, "num_train_timesteps": 1000
        ...     }
        >>> schedules.from_diffusers(DDPMScheduler())
        Schedule('ddpm_linear')
    """
    config = dict(getattr(scheduler, "config", {}))
    kind = type(scheduler).__name__
    if kind.startswith("FlowMatch") and not config.get("use_dynamic_shifting"):
        return parse(f"flow_uniform|shift:a={float(config['shift'])!r}")
    schedule = None if config.get("trained_betas") is not None else _of_betas(config)
    if schedule is None:
        raise UserError(
            f"from_diffusers: no registered schedule for this {kind}; "
            "from_alphas_cumprod(scheduler.alphas_cumprod) makes a density of its table"
        )
    return schedule


def _of_betas(config: dict[str, Any]) -> Schedule | None:
    name = config.get("beta_schedule")
    steps = config.get("num_train_timesteps")
    if name == "squaredcos_cap_v2":
        return None if config.get("rescale_betas_zero_snr") else create("iddpm_cosine", T=steps)
    if name not in _TABLES:
        return None
    table = create(_TABLES[name], beta_start=config["beta_start"], beta_end=config["beta_end"], T=steps)
    if not config.get("rescale_betas_zero_snr"):
        return table
    if table.spec not in ("ddpm_linear", "scaled_linear"):
        return None
    return create("zero_terminal_snr", base=table.spec, snr_shift=config.get("snr_shift_scale") or 1.0)
