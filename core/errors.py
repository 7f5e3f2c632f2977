"""What goes wrong, in words of the domain. Never HTTP: transport looks the code up in core.problems."""

from collections.abc import Mapping

from core.problems import problem


class SteppeError(Exception):
    """An expected failure with a stable code, a plain sentence and named fields.

    Raises UnknownProblemCode when the code is not in core.problems: that is a bug of the caller.
    Fields are shown to the client, so they hold no secrets and no personal data.
    """

    default_code = "internal-error"

    def __init__(self, code: str | None = None, message: str = "", /, **fields: object) -> None:
        """Take the code of a row of core.problems, the sentence for the reader, and named fields."""
        row = problem(code or self.default_code)
        self.code: str = row.code
        self.message: str = message or row.title
        self.fields: Mapping[str, object] = fields
        super().__init__(self.message)

    def __str__(self) -> str:
        named = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.code}: {self.message}" + (f" ({named})" if named else "")


class NotFound(SteppeError):
    """There is no such thing, or none that the caller may see (the two look the same)."""

    default_code = "not-found"


class Conflict(SteppeError):
    """The request does not fit the present state: a lost race, a duplicate, a rule."""

    default_code = "conflict"


class Invalid(SteppeError):
    """A value is outside its limits; `field` and `limit` among the fields say which."""

    default_code = "invalid-input"


class Forbidden(SteppeError):
    """The caller is known and may not."""

    default_code = "forbidden"


class Unauthenticated(SteppeError):
    """The caller is not known."""

    default_code = "not-authenticated"


class Unavailable(SteppeError):
    """A part this needs does not answer; the same request may be sent again after `retry_after_s`."""

    default_code = "unavailable"


class TooMany(SteppeError):
    """A limit of requests or tries is reached; `retry_after_s` says when to come back."""

    default_code = "too-many-requests"


class VersionMismatch(SteppeError):
    """The thing was changed in between: the version given is not the present one."""

    default_code = "version-mismatch"


class IllegalTransition(Conflict):
    """The state machine has no such edge. `state` and `event` are named in the fields."""

    default_code = "illegal-transition"

    def __init__(self, state: object, event: object, /, **fields: object) -> None:
        """Take the state the thing is in and the event that does not fit it."""
        super().__init__(
            "illegal-transition",
            f"{event} is not possible in state {state}",
            state=str(state),
            event=str(event),
            **fields,
        )
