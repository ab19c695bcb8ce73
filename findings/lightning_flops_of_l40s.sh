#!/usr/bin/env bash
# Lightning's table of peak rates, which its ThroughputMonitor divides by for the utilisation (MFU) of a GPU.
#
# Expected: get_available_flops gives the dense tensor-core rate of the GPU that torch names, or None.
# What happens: names are matched by parts. An L40S is taken for an L4 and gets 121e12 bf16 operations a second, where
#   NVIDIA's data sheet of the L40S says 362e12 (dense): the reported MFU is three times too high and can pass 100 %.
#   A GeForce RTX 4090 gets 82.6e12, its rate without tensor cores (165e12 with). An H200 has no rate at all (None).
# Versions: lightning 2.6.6, torch 2.15.0, Python 3.11. Date: 2026-11-30.
# Source: lightning/fabric/utilities/throughput.py, get_available_flops; data sheets of the three GPUs.
# Whom it hurts: who compares MFU across GPUs, or sets a bar for it, with ThroughputMonitor. No GPU is needed here: only
#   the name that torch gives is replaced.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
"$folder/venv/bin/uv" pip install --quiet --python "$folder/venv/bin/python" lightning==2.6.6 torch==2.15.0
cat > "$folder/show.py" <<'PYTHON'
import sys
import warnings
from unittest.mock import patch

import lightning
import torch
from lightning.fabric.utilities.throughput import get_available_flops

warnings.simplefilter("ignore")
print("lightning", lightning.__version__, "torch", torch.__version__)
SEEN = {"NVIDIA L40S": 121e12, "NVIDIA L4": 121e12, "NVIDIA GeForce RTX 4090": 82.6e12, "NVIDIA H200": None}
changed = False
for name, seen in SEEN.items():
    with patch("torch.cuda.get_device_name", return_value=name):
        rate = get_available_flops(torch.device("cuda", 0), torch.bfloat16)
    print(f"{name:<24} bf16 {rate}")
    changed |= rate != seen
sys.exit("the behaviour has changed" if changed else 0)
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
