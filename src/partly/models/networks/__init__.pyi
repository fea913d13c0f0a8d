"""Auto-shot networks: photos to logits."""

from .architectures import ARCHITECTURES as ARCHITECTURES
from .auto_shot_network import AutoShotNetwork as AutoShotNetwork
from .auto_shot_network import load_network as load_network
from .conv_layers import channels_last as channels_last
from .conv_layers import fused_copy as fused_copy
from .conv_layers import pad_to_multiple as pad_to_multiple
from .conv_layers import upsample_like as upsample_like
from .efficientnet_encoder import EfficientNetLite0 as EfficientNetLite0
from .efficientnet_encoder import load_encoder_weights as load_encoder_weights
from .object_check import OBJECT_MARGIN as OBJECT_MARGIN
from .object_check import ObjectCheck as ObjectCheck
from .object_check import object_measures as object_measures
from .object_finder import FinderShape as FinderShape
from .object_finder import ObjectFinder as ObjectFinder
from .object_finder import STRIDE_PX as STRIDE_PX
from .object_finder import USUAL_SIDE_PX as USUAL_SIDE_PX
from .object_finder import load_finder as load_finder
