"""SegFormer (Xie et al., NeurIPS 2021) of the package ``transformers``, trained on the labels themselves.

``segformer-scratch`` is SegFormer-B0 with random weights. The MiT encoders that its authors trained on
ImageNet are no package's file, so there is no ``segformer-imagenet``: the nearest that can be had is
``lite0-segformer-head``, SegFormer's all-MLP decoder on the EfficientNet-lite0 of ImageNet that Partly's
own network begins with.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmarks.rivals.networks import N_STEPS, trained, training
from benchmarks.rivals.packages import installed
from benchmarks.rivals.protocol import SEED, Fitted, Rival, Task
from partly.data.labels import FACE_PARTS
from partly.models.networks import AutoShotNetwork, EfficientNetLite0, pad_to_multiple, upsample_like
from partly.models.zoo import encoder_weights
from partly.storage import fill

REQUIREMENTS = (
    "transformers==4.57.6",
    "huggingface-hub==0.36.2",
    "tokenizers==0.22.2",
    "regex==2026.11.15",
    "requests==2.34.2",
    "pyyaml==6.0.3",
    "tqdm==4.70.1",
    "urllib3==2.8.0",
    "idna==3.20",
    "charset-normalizer==3.5.2",
    "certifi==2026.10.18",
)
# A step of SegFormer costs several of a UNet: six minutes on one core are what there is for each.
_SCRATCH_STEPS = 400
# Transformers diverge at the rate of Partly's convolutions.
_SCRATCH_RATE = 1e-3
_MULTIPLE_PX = 32


class SegFormerBody(nn.Module):
    """SegFormer in the place of a UNet: images ``[b, 3, h, w]`` in [-1, 1] to logits ``[b, k, h, w]``."""

    def __init__(self, encoder: nn.Module, decoder: Any) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    @property
    def head(self) -> nn.Conv2d:
        """The last convolution, whose bias corrects what weighted parts leave in the logits."""
        head: nn.Conv2d = self.decoder.classifier
        return head

    def forward(self, images: Tensor) -> Tensor:
        height_px, width_px = images.shape[-2:]
        padded = pad_to_multiple(images, _MULTIPLE_PX)
        return upsample_like(self.decoder(self.encoder(padded)), padded)[..., :height_px, :width_px]


class MiT(nn.Module):
    """SegFormer's own encoder: four maps, at 1/4 to 1/32 of the size."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        return self.model(images, output_hidden_states=True).hidden_states


class Lite0Quarters(EfficientNetLite0):
    """EfficientNet-lite0 without its finest map: those that SegFormer's decoder takes, at 1/4 to 1/32."""

    def forward(self, images: Tensor) -> list[Tensor]:
        return super().forward(images)[1:]


def fit_scratch(task: Task) -> Fitted:
    """SegFormer-B0 with random weights; B0 is what an empty configuration says."""
    transformers = _transformers(task)
    model = _seeded(lambda: transformers.SegformerForSemanticSegmentation(_config(transformers)))
    config = replace(training(_SCRATCH_STEPS), learning_rate=_SCRATCH_RATE)
    return trained(_network(SegFormerBody(MiT(model.segformer.encoder), model.decode_head)), task, config)


def fit_lite0(task: Task) -> Fitted:
    """SegFormer's decoder on EfficientNet-lite0 of ImageNet."""
    transformers = _transformers(task)
    encoder, path = Lite0Quarters(), encoder_weights()
    fill(encoder, load_file(path), path)
    config = _config(transformers, hidden_sizes=list(encoder.widths[1:]))
    head = importlib.import_module("transformers.models.segformer.modeling_segformer").SegformerDecodeHead
    return trained(_network(SegFormerBody(encoder, _seeded(lambda: head(config)))), task, training(N_STEPS))


def _transformers(task: Task) -> Any:
    sys.path.append(str(installed(REQUIREMENTS, task.packages / "transformers")))
    return importlib.import_module("transformers")


def _config(transformers: Any, **others: Any) -> Any:
    return transformers.SegformerConfig(num_labels=FACE_PARTS.n_parts, **others)


def _network(body: nn.Module) -> AutoShotNetwork:
    """Partly's network with another body, so that the very same loop trains it."""
    network = AutoShotNetwork("unet-small", FACE_PARTS, training(N_STEPS).size_px)
    network.body = body
    return network


def _seeded(build: Any) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return build()


RIVALS = {"segformer-scratch": Rival(fit_scratch), "lite0-segformer-head": Rival(fit_lite0)}
