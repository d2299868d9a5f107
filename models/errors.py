"""Every error that bloodui raises on purpose, in one tree.

A message says what was received, what was expected and what to do about it.
It never holds a file name, because a clinic's file names hold patients' names.
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


class SaliencyError(BlooduiError):
    """A saliency map cannot be made as asked."""


class DatasetError(BlooduiError):
    """An index, its images or its groups cannot be used as asked."""


class LeakageError(DatasetError):
    """The same patient, case or picture would stand on both sides of a split."""


class RecipeError(BlooduiError):
    """A recipe has a key or a value that is not allowed."""


class JobError(BlooduiError):
    """A run is unknown, or cannot be queued, stopped or resumed as asked."""


class TrackingError(BlooduiError):
    """MLflow did not take or give what was asked of it."""


class RegistryError(BlooduiError):
    """A model cannot be promoted, retired, rolled back, exported or imported as asked."""


class QuizError(BlooduiError):
    """A quiz, an attempt or an answer is unknown, closed, or not as it has to be."""


class AccessError(BlooduiError):
    """A person lacks the role that a deed needs, or the server is open to more than it may be."""


class SettingsError(BlooduiError):
    """An environment variable has a value that is not allowed."""
