"""Networks that read photos: feature pyramids, or one row of numbers for each."""

from .dinov2_encoder import Attention as Attention
from .dinov2_encoder import DinoV2 as DinoV2
from .dinov2_encoder import PATCH_PX as PATCH_PX
from .dinov2_encoder import positions_on_grid as positions_on_grid
from .encoder_table import load_representation as load_representation
from .feature_network import FeatureNetwork as FeatureNetwork
from .imagenet_pixels import imagenet_normalised as imagenet_normalised
from .latent_encoder import LatentEncoder as LatentEncoder
from .latent_encoder import LatentEncoderShape as LatentEncoderShape
from .latent_encoder import at_size as at_size
from .latent_encoder import load_latent_encoder as load_latent_encoder
from .lpips_network import LPIPS as LPIPS
from .photo_encoder import Representation as Representation
from .photo_encoder import RepresentationFamily as RepresentationFamily
from .pooled_efficientnet import PooledEfficientNet as PooledEfficientNet
from .vae_encoder import VAEEncoder as VAEEncoder
from .vae_encoder import VAEEncoderShape as VAEEncoderShape
