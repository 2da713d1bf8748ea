"""Types of arrays."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.floating]
Numbers = NDArray[np.integer]
Flags = NDArray[np.bool_]
