"""Networks that read photos: feature pyramids, or one row of numbers for each."""

from .feature_network import FeatureNetwork as FeatureNetwork
from .photo_encoder import RepresentationFamily as RepresentationFamily
from .vae_encoder import VAEEncoder as VAEEncoder
from .vae_encoder import VAEEncoderShape as VAEEncoderShape
