"""cifar10-v1: CIFAR-10 with a DiT-S/2; by an estimate that nobody has measured, under 20 minutes of one H100 for a run.

Mirror images are rows of the training data, so no network sees an augmentation that its sampler would have to undo.

Network: DiT-S/2 has 32.4 M parameters and takes 12.1 GFLOP for a forward pass of one image (multiply and add counted as
two, by torch's counter); the U-Net of `harness.networks.unet`'s "cifar10" has 38.3 M and takes 12.4. At equal cost the
DiT was taken: nearly all of its work is in large matrix products, and it is the ImageNet tracks' network, so what is
learned here carries over.

Budget, none of it measured. An H100 has 989 TFLOP/s in bf16; 20 % of it are assumed in training, published DiT training
being at 6 to 25 %, and 100 TFLOP/s of TF32 in evaluation.

    training    20,000 steps × 128 images × 3 × 12.1 GFLOP = 93 PFLOP                                     7.8 min
    sampling    10,000 samples × 25 steps × 12.1 GFLOP × (2 marks + 1 + 3 × 2 guided + own grid + again, 2) = 36 PFLOP
                                                                                                           6.1 min
    Inception   80,000 generated, 60,000 real images at 2,000 a second                                     1.2 min
    DINOv2      40,000 generated, 15,000 real images × 0.16 TFLOP = 9 PFLOP                                1.5 min
    distances   18 of 2,048 features, 4 s each on one core; 8 of 1,024                                     1.3 min
    together                                                                                              17.9 min

Learning rate, EMA and the sampler's range of λ were not tuned. FID is to the 10,000 test images, which are held out,
and the guidance scale is chosen on 5,000 of validation; `fid10k_to_train` is the usual one, and never ranks.
"""

from __future__ import annotations

from harness.tracks.image_spaces import INCEPTION, image_space
from harness.tracks.track import Evaluation, Part, Track, Training

CIFAR10 = Track(
    name="cifar10-v1",
    summary="CIFAR-10 with mirror images, DiT-S/2 of 32 M parameters, FID to held-out images; for a GPU",
    data=Part(make="harness.data.images:cifar10", check="harness.data.images:check_cifar10"),
    network=Part(make="harness.networks.dit:dit", options={"configuration": "S/2"}),
    features=image_space("inception-v3"),
    feature_space=INCEPTION,
    dinov2=image_space("dinov2"),
    training=Training(
        steps=20_000, batch=128, learning_rate=2e-4, warmup_steps=500, ema_decay=0.9995, precision="bf16"
    ),
    evaluation=Evaluation(
        samples=10_000,
        fid=(10_000,),
        sample_block=500,
        neighbours=5000,
        to_train=45_000,
        ddim_steps=25,
        sampler_logsnr=(-7.0, 8.0),
        guidance=(1.0, 1.25, 1.5, 2.0),
        paired_points=5000,
        curve_logsnr=(-9.0, 12.0, 43),
        curve_points=200,
    ),
    primary_metric="fid10k",
    targets=("eps", "x0", "v", "flow", "edm"),
    needs="CIFAR-10, 170 MB to download; weights of Inception-v3 and DINOv2",
    extra="image",
)
