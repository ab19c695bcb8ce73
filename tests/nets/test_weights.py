"""Tests of loading weights from files and from torchvision's hub."""

import pytest
import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.nets.weights import init_he, load_weights, trunk_state


def block() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def other_state(dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    return {key: (value + 0.25).to(dtype) for key, value in block().state_dict().items()}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_values_arrive_in_float32(dtype: torch.dtype) -> None:
    module, state = block(), other_state(dtype)
    load_weights(module, state, "file", "advice")
    for key, value in module.state_dict().items():
        torch.testing.assert_close(value, state[key].to(value.dtype), rtol=0, atol=0)
    assert module[0].weight.dtype == torch.float32


def test_the_counter_of_a_batch_norm_may_be_missing() -> None:
    state = other_state()
    del state["1.num_batches_tracked"]
    module = block()
    load_weights(module, state, "file", "advice")
    assert torch.equal(module[1].running_var, state["1.running_var"])


def test_the_first_differences_are_named_and_the_others_counted() -> None:
    state = other_state() | {"0.weight": torch.zeros(4, 3, 1, 1), "2.bias": torch.zeros(1), "3.bias": torch.zeros(1)}
    del state["1.bias"]
    module = block()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    with pytest.raises(UserError) as error:
        load_weights(module, state, "some.pth", "check arch", prefix="features.", part="encoder")
    assert str(error.value) == (
        "some.pth: features.0.weight has shape (4, 3, 1, 1) instead of (4, 3, 3, 3), features.1.bias is missing, "
        "2.bias is no key of the encoder and 1 more; check arch"
    )
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_known_keys_may_be_more_than_the_modules() -> None:
    state = other_state() | {"2.bias": torch.zeros(1)}
    module = block()
    load_weights(module, state, "file", "advice", known=state.keys())
    assert all(torch.equal(value, state[key]) for key, value in module.named_parameters())


def test_a_trunk_is_a_state_without_prefix_and_heads() -> None:
    state = {"features.0.weight": torch.zeros(1), "1.bias": torch.zeros(1), "fc.bias": torch.zeros(1)}
    assert list(trunk_state(state, "features.", ("fc.",))) == ["0.weight", "1.bias"]


def test_he_keeps_the_scale_of_rectified_inputs() -> None:
    torch.manual_seed(0)
    for conv in (nn.Conv2d(64, 256, 3, padding=1), nn.Conv2d(256, 256, 3, padding=1, groups=256)):
        nn.init.ones_(conv.bias)
        init_he(conv)
        assert not conv.bias.any()
        x = torch.randn(4, conv.in_channels, 16, 16).relu()
        assert 0.85 < conv(x)[..., 1:-1, 1:-1].std() < 1.15
