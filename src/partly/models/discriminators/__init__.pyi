"""Discriminators: pictures to judgements."""

from .dcgan_discriminator import DCGANDiscriminator as DCGANDiscriminator
from .discriminator_conditions import ConditionWay as ConditionWay
from .light_discriminator import LightDiscriminator as LightDiscriminator
from .light_discriminator import SelfSupervision as SelfSupervision
from .mlp_discriminator import MLPDiscriminator as MLPDiscriminator
from .projected_discriminator import ProjectedDiscriminator as ProjectedDiscriminator
from .stylegan2_discriminator import StyleGAN2Discriminator as StyleGAN2Discriminator
