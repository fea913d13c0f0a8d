"""Generators without a discriminator, whose pictures have the moments of photos.

What others use of it is named in the stub beside this file, and imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
