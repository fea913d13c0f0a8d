"""A fully connected discriminator with dropout (Goodfellow et al., NIPS 2014, section 5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.losses import Judgement
from partly.models.discriminators.discriminator_conditions import (
    ConditionWay,
    judged,
    n_planes,
    n_told,
)
from partly.models.discriminators.discriminator_layers import check_condition, check_images
from partly.models.generators.mlp_generator import MLPShape
from partly.storage import tensor_seed


class MLPDiscriminator(nn.Module):
    """Pictures to scores.

    Args:
        shape: of the generator that it is trained with.
        hidden: widths of the hidden layers.
        dropout: share of the hidden values that is left out at random during training.
        seed: of what is left out.
        way: how classes or codes count; "concatenation" puts them beside the pixels.
    """

    def __init__(
        self,
        shape: MLPShape,
        hidden: tuple[int, ...] = (100,),
        *,
        dropout: float = 0.5,
        seed: int = 0,
        way: ConditionWay = "projection",
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise BadOption(f"dropout is {dropout}", expected="a share from 0 to below 1")
        self.shape, self.dropout, self.way = shape, dropout, way
        self.n_beside = n_planes(shape, way)
        widths = [shape.n_values + self.n_beside, *hidden]
        self.hidden = nn.ModuleList(
            nn.Linear(n_in, n_out) for n_in, n_out in zip(widths, hidden, strict=False)
        )
        self.score = nn.Linear(widths[-1], 1)
        n = n_told(shape, way)
        self.by_class = nn.Linear(widths[-1], n, bias=way != "projection") if n else None
        # A count of calls and not torch's own state, so that a training that goes on after a stop leaves out
        # what it would have left out.
        self.register_buffer("n_calls", torch.tensor(seed << 32))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        """Images ``[b, 3, s, s]`` in [-1, 1], of classes ``condition [b, c]``, to scores, features and heads.

        Of grey pictures, it sees their first channel.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        check_images(images, self.shape.image_size_px)
        x = images[:, : self.shape.n_colours].flatten(1)
        if self.n_beside:
            x = torch.cat([x, check_condition(condition, (len(x), self.n_beside)).to(x)], dim=1)
        for layer in self.hidden:
            x = self._thinned(layer(x).relu())
        told = None if self.by_class is None else self.by_class(x)
        return judged(self.way, self.score(x)[:, 0], told, condition, (x,))

    def _thinned(self, values: Tensor) -> Tensor:
        if not self.training or not self.dropout:
            return values
        count = self.get_buffer("n_calls")
        random = torch.Generator().manual_seed(tensor_seed("dropout of a discriminator", 0, int(count)))
        count += 1
        kept = torch.rand(values.shape, generator=random).to(values) >= self.dropout
        return values * kept / (1 - self.dropout)
