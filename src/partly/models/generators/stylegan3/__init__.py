"""StyleGAN3 in plain convolutions: the generator without aliasing."""
