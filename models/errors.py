"""The root of every error that is raised on purpose, and the branch of what a model is and says.

The other layers grow their branches in drawn/errors.py, training/errors.py and bloodui/errors.py.
A message says what was received, what was expected and what to do about it. It never holds the name
of an image that a client gave, because a clinic's file names hold patients' names, and messages are
logged: a page that shows one to who gave the file puts the name beside it.
"""


class BlooduiError(Exception):
    """Root of every error that bloodui raises on purpose."""


class MicrographError(BlooduiError):
    """A file cannot become a micrograph."""


class EmptyFileError(MicrographError):
    """The file has no bytes."""


class FileTooLargeError(MicrographError):
    """The file has more bytes than the limit; nothing of it was decoded."""


class TooManyPixelsError(MicrographError):
    """The image declares more pixels than the limit; nothing of it was decoded."""


class TooSmallError(MicrographError):
    """The image has too few pixels to hold a cell."""


class NotAnImageError(MicrographError):
    """The bytes are not an image, whatever the file's name says."""


class UnsupportedImageError(MicrographError):
    """The bytes are an image of a kind that is not read here."""


class AnimatedImageError(UnsupportedImageError):
    """The image holds several frames of an animation or of a cine loop."""


class TruncatedImageError(MicrographError):
    """The image's data ends early or is damaged."""


class StepError(BlooduiError):
    """A preprocessing step is unknown or has a parameter that it does not take."""


class ArchitectureError(BlooduiError):
    """An architecture or a head is unknown or cannot be built as asked."""


class WeightsError(BlooduiError):
    """Pretrained weights are missing, altered or of another architecture."""


class BundleError(BlooduiError):
    """A bundle is missing, incomplete or not readable."""


class BundleTamperedError(BundleError):
    """A file of a bundle is not the file whose hash was recorded."""


class BusyError(BlooduiError):
    """Too many wait for a model already."""


class CellModelError(BlooduiError):
    """A model is asked to read the cells of a field, and does not read cells."""


class SaliencyError(BlooduiError):
    """A saliency map cannot be made as asked."""
