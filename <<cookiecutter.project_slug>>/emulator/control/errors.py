"""The errors of the control plane, under AWS's names.

ControlPlaneError
    BadRequestException         400
    AccessDeniedException       403
    MissingAuthenticationToken  403, the path or method is not part of the API
    NotFoundException           404
    ConflictException           409
    RequestEntityTooLarge       413
    TooManyRequestsException    429
    InternalServerError         500, on demand, or when the state cannot be saved
"""

from typing import ClassVar


class ControlPlaneError(Exception):
    """A call that is refused. The message is what AWS's `message` would be; botocore raises the class named by `code`."""

    status: ClassVar[int]
    code: ClassVar[str]


class BadRequestError(ControlPlaneError):
    """A parameter or the state forbids the call."""

    status = 400
    code = "BadRequestException"


class AccessDeniedError(ControlPlaneError):
    """The caller may not do this."""

    status = 403
    code = "AccessDeniedException"


class UnknownCallError(ControlPlaneError):
    """No operation has this method and path. AWS takes such a request for one that was not signed."""

    status = 403
    code = "MissingAuthenticationTokenException"


class NotFoundError(ControlPlaneError):
    """Nothing has this id."""

    status = 404
    code = "NotFoundException"


class ConflictError(ControlPlaneError):
    """Something else has this key, refers to this resource or is changing it."""

    status = 409
    code = "ConflictException"


class TooLargeError(ControlPlaneError):
    """The body is larger than the server reads."""

    status = 413
    code = "RequestEntityTooLargeException"


class ThrottledError(ControlPlaneError):
    """Too many calls a second."""

    status = 429
    code = "TooManyRequestsException"


class InternalError(ControlPlaneError):
    """A fault that was asked for, or a state file that cannot be written."""

    status = 500
    code = "InternalServerErrorException"
