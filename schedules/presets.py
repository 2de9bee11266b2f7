"""Presets: what known trainers really draw, as named specs of the registered families, for data of unit variance.

Read from the codes and papers that are named; sCM's and SVD's in other people's code that cites the papers, not in the
papers. What a trainer drew before it changed keeps a preset with the date until which it did.
"""

from __future__ import annotations

from schedules.registry import Info

_TABLE = (
    ("edm-cifar10", "edm:sigma_data=0.5", "EDM code", "N(1.014, 2.4²)"),
    ("edm2-img512", "edm2:sigma_data=0.5", "EDM2 code", "N(−0.586, 2²)"),
    ("edm2-img64", "edm2:p_mean=-0.8,p_std=1.6,sigma_data=0.5", "EDM2 code", "N(0.214, 3.2²)"),
    ("alphafold3", "edm:p_std=1.5", "Boltz code", "N(2.4, 3²): σ = σ_d·e^{−1.2 + 1.5n}"),
    ("ict", "edm:p_mean=-1.1,p_std=2,sigma_data=0.5", "ECT code", "N(0.814, 4²)"),
    ("scm", "edm:p_mean=-1,p_std=1.4,sigma_data=0.5", "arXiv:2410.11081, read in reimplementations", "N(0.614, 2.8²)"),
    ("svd", "edm:p_mean=0.7,p_std=1.6", "arXiv:2311.15127, read in fine-tuning codes", "N(−1.4, 3.2²)"),
    ("cosmos-image", "edm:p_mean=0,p_std=1", "cosmos-predict2 code", "N(0, 2²)"),
    (
        "cosmos-video",
        "mixture(edm:p_mean=0,p_std=1|shift:a=4.898979485566356@0.95, "
        "uniform_logsnr:low=-20|offset:by=-8|truncate:low=-23.02585092994046,high=-10.596634733096073@0.05)",
        "cosmos-predict2 code",
        "0.95 N(−ln T, 2²) + 0.05 U(−23.03, −10.60), for T = 24 latent frames",
    ),
    ("microdit-256", "edm:p_mean=-0.6,sigma_data=0.9", "micro_diffusion code", "N(0.989, 2.4²)"),
    ("microdit-512", "edm:p_mean=0,p_std=0.6,sigma_data=0.9", "micro_diffusion code", "N(−0.211, 1.2²)"),
    ("sd3", "logit_normal|shift:a=3", "arXiv:2403.03206, sd-scripts code", "logit-normal shifted by a = 3, at 1024²"),
    (
        "flux-1024",
        "logit_normal|flux_shift:mu=1.15",
        "sd-scripts code",
        "logit-normal shifted by μ = 1.15, at 4096 tokens",
    ),
    ("wan-480p", "logit_normal|shift:a=2", "musubi-tuner code, Wan2.1 issue 291", "logit-normal shifted by a = 2"),
    (
        "qwen-image",
        "logit_normal|flux_shift:mu=0.6935483870967742",
        "musubi-tuner code",
        "μ from 0.5 at 256 to 0.9 at 8192 tokens, here at 4096 (1024²)",
    ),
    ("trellis", "logit_normal:m=1", "TRELLIS configurations", "N(−2, 2²)"),
    ("jit", "logit_normal:m=0.8,s=0.8", "JiT README", "N(−1.6, 1.6²): P_mean −0.8, P_std 0.8 in its mirrored time"),
    (
        "ltx-video",
        "logit_normal|flux_shift:mu=2.05",
        "LTX trainer code",
        "N(−2μ, 2²), μ from 0.95 at 1024 to 2.05 at 4096 tokens",
    ),
    (
        "rae",
        "logit_normal|dimension:m=196608",
        "arXiv:2510.11690 and code since 2025-12-26",
        "N(−3.871, 2²): logit-normal shifted by √(196608/4096)",
    ),
    (
        "rae-2025-10",
        "flow_uniform|dimension:m=196608",
        "arXiv:2510.11690 and code until 2025-12-26",
        "logistic(−3.871, 2): uniform time shifted by √(196608/4096)",
    ),
    ("pi0", "flow_beta", "openpi code", "t = 0.001 + 0.999 u, u ~ Beta(1.5, 1)"),
    (
        "proteina",
        "mixture(flow_beta:a=1,b=1.9,s=1@0.98, flow_uniform@0.02)",
        "arXiv:2503.00710 code",
        "0.98 (t ~ Beta(1, 1.9)) + 0.02 uniform",
    ),
    ("stable-audio", "edm:p_mean=1.2,p_std=2", "stable-audio-tools code", "N(−2.4, 4²): its logsnr N(−1.2, 2²) is λ/2"),
    (
        "open-sora2",
        "logit_normal|shift:a=5.744562646538029",
        "Open-Sora code",
        "N(−2 ln a, 2²), a = (1 at 256 to 3 at 4096 tokens)·√frames, here 256 tokens and 33 latent frames",
    ),
    ("flow-matching-image", "edm", "facebookresearch/flow_matching code", "N(2.4, 2.4²)"),
    ("cogvideox", "zero_terminal_snr:snr_shift=3", "diffusers code", "scaled_linear, SNR/3, then zero-terminal"),
    (
        "ldm",
        "scaled_linear:beta_start=0.0015,beta_end=0.0195",
        "latent-diffusion configurations",
        "β from 0.0015 to 0.0195",
    ),
    (
        "speed",
        "speed:tau=642,mirror=0.5",
        "SpeeD code",
        "steps below 642 of ddpm_linear drawn 5 times as often, half of the draws mirrored at 642",
    ),
    (
        "ltx2",
        "mixture(reflected_logit_normal:m=2.05@0.9, flow_beta:a=1,b=1,s=0.999@0.1)",
        "LTX-2 trainer code",
        "logit-normal with μ = 2.05, at 4096 tokens, stretched and reflected at 0.001, 10 % uniform; without the draws "
        "at t = 1 (0.0009)",
    ),
    ("cosmos-predict2.5", "logit_normal|shift:a=5", "cosmos-predict2.5 code", "N(−3.219, 2²): shifted by a = 5"),
    (
        "ideogram4-1024",
        "logit_normal:m=0.6931471805599453,s=1.5",
        "SimpleTuner and musubi-tuner code",
        "N(−1.386, 3²): m = ½ ln(pixels/512²), at 1024²",
    ),
    ("hunyuanvideo-1.5", "logit_normal|shift:a=3", "HunyuanVideo-1.5 code", "The density of preset/sd3"),
    (
        "hunyuanvideo-1.5-mixed",
        "mixture(logit_normal|shift:a=3@0.7, flow_uniform@0.3)",
        "HunyuanVideo-1.5 code",
        "0.7 of preset/sd3's density and 0.3 uniform time, an option",
    ),
    ("ucgm-sdvae", "flow_beta:a=2.4,b=2.4,s=1", "arXiv:2505.07447 and code", "t ~ Beta(2.4, 2.4), for SD's VAE"),
    ("tim-t2i", "meanflow:m=0,s=1.6", "TiM code", "the larger of two logit-normal(0, 1.6) times; text to image"),
    ("arc", "uniform_logsnr:low=-12,high=4", "stable-audio-tools code", "U(−12, 4)"),
    (
        "krea2-1024",
        "logit_normal|flux_shift:mu=0.90625",
        "diffusers and musubi-tuner code",
        "μ from 0.5 at 256 to 1.15 at 6400 tokens, here at 4096 (1024²)",
    ),
    (
        "nemo-automodel",
        "mixture(logit_normal|shift:a=3@0.9, flow_uniform|shift:a=3@0.1)",
        "NeMo Automodel code",
        "logit-normal, in one batch of ten uniform, both shifted by a = 3: the density over many batches",
    ),
    ("pixnerd-256", "logit_normal|shift:a=2", "PixNerd code", "text to image at 256²; the density of preset/wan-480p"),
    ("pixnerd-512", "logit_normal|shift:a=4", "PixNerd code", "text to image at 512²: logit-normal shifted by a = 4"),
    ("vdm", "uniform_logsnr:low=-5,high=13.3", "arXiv:2107.00630", "U(−5, 13.3)"),
)

RENAMED = {"preset/rae-2025-10": "preset/rae"}
"""Preset → the name under which it was run before that came to mean what its trainer draws now.

Results recorded then are shown under the first name, and run keys go on being made of the second one, so that a run
that was recorded is known again.
"""


def recorded_as(spec: str) -> str:
    """A canonical spec as run keys have it."""
    for name, before in RENAMED.items():
        spec = spec.replace(name, before)
    return spec


def _unused() -> None:
    raise NotImplementedError("a preset is a spec; it has no function")


PRESETS: dict[str, Info] = {
    f"preset/{name}": Info(f"preset/{name}", _unused, {}, {}, paper=source, origin="preset", spec=spec, doc=f"{law}.")
    for name, spec, source, law in _TABLE
}
