"""A network as an HTTP service: photos in, label maps out, also for Label Studio."""

from .service_options import ServiceOptions as ServiceOptions
