#!/usr/bin/env bash
# torch's group norm, and its batch norm in training, of a large channels_last tensor on a CPU.
#
# Expected: the same numbers in NCHW and in channels_last, to float32 rounding (1e-6), at any size.
# What happens: in channels_last the mean and the variance are sums of all pixels in one float32 accumulator. The error
#   grows with the number of pixels: about 1e-5 at 256x256, 5e-3 at 1504x1504, 3e-2 at 3840x2160 for values of mean 0
#   and deviation 1, and the result is useless for a mean of 10 and a deviation of 0.5 (error above 1 at 4K). NCHW stays
#   below 1e-5. The number of threads divides the sum, so it changes the error, too. instance_norm is right: it copies.
# Versions: torch 2.15.0, Python 3.11, x86-64. Date: 2026-11-30.
# Source: aten/src/ATen/native/cpu/group_norm_kernel.cpp and batch_norm_kernel.cpp, the channels-last kernels.
# Whom it hurts: who runs a network with group norms in channels_last on a CPU at photograph sizes, as is advised for
#   speed: a matting network's alpha was 2e-3 off at 1504 px. Copy to NCHW before the norm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
"$folder/venv/bin/uv" pip install --quiet --python "$folder/venv/bin/python" numpy==2.4.6 torch==2.15.0
cat > "$folder/show.py" <<'PYTHON'
import platform
import sys

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
print("torch", torch.__version__, "Python", platform.python_version(), platform.machine())
NORMS = {
    "group_norm": lambda x: F.group_norm(x, 4),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "instance_norm": F.instance_norm,
}
error = {}
for height, width in ((256, 256), (1504, 1504), (2160, 3840)):
    for mean, deviation in ((0, 1), (10, 0.5)):
        x = torch.randn(1, 8, height, width, generator=torch.Generator().manual_seed(0)) * deviation + mean
        for name, norm in NORMS.items():
            exact = norm(x.double())
            for layout in (torch.contiguous_format, torch.channels_last):
                found = (norm(x.contiguous(memory_format=layout)) - exact).abs().max().item()
                error[name, width, mean, layout] = found
                print(f"{width}x{height} mean {mean:<2} {name:<13} {str(layout):<24} error {found:.1e}")
for (name, width, _, layout), found in error.items():
    wrong = layout == torch.channels_last and name != "instance_norm" and width > 256
    if (found < 1e-4) if wrong else (layout == torch.contiguous_format and found > 1e-5):
        sys.exit(f"the behaviour has changed: {name} at a width of {width} in {layout}: {found:.1e}")
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
