"""L1 along the person's border."""

from torch import Tensor

from matting.losses.matte import Normalize, border_loss
from matting.ops.trimap import border_map, scaled_size
from matting.stages.pomagan_terms.base import Prediction, Term


class Border(Term):
    """L_border (eq. 6 and 10). The border's width follows the shorter side of the image."""

    def __init__(self, normalize: Normalize, kernel: int, kernel_side: int, kernel_min: int, shape: str = "ellipse"):
        super().__init__()
        self.normalize: Normalize = normalize
        self.shape = shape
        self.kernel, self.kernel_side, self.kernel_min = kernel, kernel_side, kernel_min

    def forward(self, given: Prediction) -> Tensor:
        example, (height, width) = given.example, given.pred.shape[-2:]
        size = scaled_size(height, width, self.kernel, self.kernel_side, self.kernel_min)
        border = border_map(example.true_map >= given.threshold, size, self.shape)
        return border_loss(
            example.image, given.pred, example.true_map, border, example.new_bgr, given.targets, self.normalize
        )
