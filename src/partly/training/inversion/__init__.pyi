"""An encoder of a generator, trained on the generator's own pictures."""

from .encoder_options import EncoderOptions as EncoderOptions
from .encoder_options import EncoderReport as EncoderReport
from .encoder_options import encoder_figures_text as encoder_figures_text
from .encoder_training import is_pretrained_there as is_pretrained_there
from .encoder_training import learning_time_s as learning_time_s
from .encoder_training import new_encoder as new_encoder
from .encoder_training import train_latent_encoder as train_latent_encoder
from .generated_pictures import make_pictures as make_pictures
