"""What differs between two versions of a fence."""

import msgspec

from geofences.fences import FenceDraft


def changed_fields(before: FenceDraft | None, after: FenceDraft) -> tuple[str, ...]:
    """Return the names of the fields that differ, in the order of a draft; all that say something without
    a version before.

    Of ``rules``, ``hours`` and ``timing`` the parts are named, such as ``rules.capacity``.
    """
    changed: list[str] = []
    for name in FenceDraft.__struct_fields__:
        new = getattr(after, name)
        old = None if before is None else getattr(before, name)
        if isinstance(new, msgspec.Struct) and (old is None or type(old) is type(new)):
            blank = type(new)() if old is None else old
            changed += [
                f"{name}.{part}"
                for part in new.__struct_fields__
                if getattr(new, part) != getattr(blank, part)
            ]
        elif new != old and (before is not None or new):
            changed.append(name)
    return tuple(changed)
