"""Pictures of layer outputs. Each comes with a sentence that says what it shows.

What draws returns a `Picture`, a Matplotlib figure made without ``pyplot``
(half a second less to import) that shows itself in a notebook.
"""

from .convolution import convolution_figure, response_figure, sliding_figure  # noqa: F401
from .curves import curve_figure  # noqa: F401
from .explained import explain_figure  # noqa: F401
from .feature_maps import feature_map_grid  # noqa: F401
from .filters import filter_grid  # noqa: F401
from .images import image_figure, image_row  # noqa: F401
from .layers import layers_figure  # noqa: F401
from .mosaic import own_scale, paint, tile  # noqa: F401
from .network import network_diagram  # noqa: F401
from .picture import GAP_COLOUR, Picture  # noqa: F401
from .records import record_diagram  # noqa: F401
from .training import (  # noqa: F401
    film_strip,
    spread_figure,
    step_figure,
    top_pictures,
)
