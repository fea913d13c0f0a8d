"""The auto-shot network: photo to logits, complete by itself on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from partly.data.labels import PartSet
from partly.errors import BadModelFile, BadOption, PartlyError
from partly.models.networks.architectures import build
from partly.models.networks.conv_layers import channels_last, fused_copy
from partly.models.networks.efficientnet_encoder import load_encoder_weights
from partly.models.networks.encoder_unet import EncoderUNet
from partly.storage import ModelCard, digest_of, fill, load_model, save_model

if TYPE_CHECKING:
    from partly.inference.segment import Segmentation

KIND = "auto_shot/unet"
_MOST_SIZE_PX = 8192


class AutoShotNetwork(nn.Module):
    """A network that segments photos, with the part set that its logits mean.

    Args:
        architecture: a name of :data:`partly.models.networks.ARCHITECTURES`.
        part_set: what the ``k`` logits mean.
        size_px: the size of the pictures that it was, or will be, trained on; photos are best resized to it.
    """

    def __init__(self, architecture: str, part_set: PartSet, size_px: int) -> None:
        super().__init__()
        self.architecture, self.part_set, self.size_px = architecture, part_set, size_px
        self.body = build(architecture, part_set.n_parts)

    @property
    def n_parts(self) -> int:
        """Number of parts ``k``."""
        return self.part_set.n_parts

    @property
    def digest(self) -> str:
        """SHA-256 of the weights as they would be saved."""
        return digest_of(self.state_dict())

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, h, w]`` in [-1, 1], of any size, to logits ``[b, k, h, w]``."""
        logits: Tensor = self.body(images)
        return logits

    def for_inference(self) -> AutoShotNetwork:
        """A faster copy for use: eval mode, norms folded into convolutions, channels last. Not for saving."""
        return channels_last(fused_copy(self))

    @torch.no_grad()
    def shift_logits(self, shift: Tensor) -> None:
        """Add ``shift [k]`` to the logits for good, in the bias of the last convolution."""
        head = self.body.head
        if not isinstance(head, nn.Conv2d) or head.bias is None:
            raise TypeError(f"the head of {self.architecture} has no bias to shift")
        head.bias += shift.to(head.bias)

    def load_pretrained_encoder(self, path: Path) -> None:
        """Start the encoder from a safetensors file of converted ImageNet weights.

        Raises:
            BadOption: the architecture has no encoder.
            BadModelFile: the file is missing or damaged, or its weights do not fit.
        """
        if not isinstance(self.body, EncoderUNet):
            raise BadOption(
                f"the architecture {self.architecture!r} has no pretrained encoder", expected="lite0-unet"
            )
        load_encoder_weights(self.body.encoder, path)

    def save(self, folder: str | Path, extra: Mapping[str, Any] | None = None) -> ModelCard:
        """Write the network as a model folder; ``extra`` is kept in ``model.json``.

        Returns:
            The card, with the digest of the weights.
        """
        arguments = {
            "architecture": self.architecture,
            "part_set": self.part_set.to_json(),
            "size_px": self.size_px,
        }
        preprocessing = {"channels": "RGB", "range": [-1, 1], "size_px": self.size_px}
        card = ModelCard(KIND, arguments, {"preprocessing": preprocessing, **dict(extra or {})})
        return save_model(Path(folder), card, self.state_dict())

    def segment(
        self, photo: Any, *, size_px: int | None = None, mirror_average: bool = True, finder: Any = None
    ) -> Segmentation:
        """Segment one photo (a path, PIL image, or uint8 array ``[h, w, 3]``) at its own size.

        With a ``finder``, an :class:`~partly.models.networks.ObjectFinder`, wherever objects are in it.
        """
        from partly.inference.segment import segment_photo

        return segment_photo(self, photo, size_px=size_px, mirror_average=mirror_average, finder=finder)


def load_network(folder: str | Path) -> AutoShotNetwork:
    """Read an auto-shot network, in eval mode.

    Raises:
        BadModelFile: files are missing or damaged, or it is another kind of model.
    """
    folder = Path(folder)
    card, tensors = load_model(folder, "auto_shot/")
    try:
        part_set = PartSet.from_json(card.arguments["part_set"])
        size_px = int(card.arguments["size_px"])
        if not 0 < size_px <= _MOST_SIZE_PX:
            raise ValueError(f"size_px is {size_px}, not 1 to {_MOST_SIZE_PX}")
        network = AutoShotNetwork(card.arguments["architecture"], part_set, size_px)
    except (KeyError, TypeError, ValueError, OverflowError, PartlyError) as error:
        raise BadModelFile(
            f"its arguments build no auto-shot network ({error})",
            expected="architecture, part_set and size_px",
            path=folder / "model.json",
        ) from error
    fill(network, tensors, folder / "model.safetensors")
    return network.eval()
