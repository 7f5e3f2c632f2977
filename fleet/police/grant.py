"""A one-time code for a police officer at one vehicle, and whether it still opens. Pure."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo

GOOD_FOR: Final = timedelta(minutes=30)
"""Wall time from giving a code out until nothing opens by it any more (domain.md)."""
MOST_TRIES: Final = 5
"""Wrong codes at one vehicle before those given out for it are dead: one in 20 million is guessed."""
DIGITS: Final = 8


class PoliceGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on duty lets one officer look at one vehicle. ``…_wall`` is wall time: a grant is a lease."""

    grant_id: str
    vehicle_no: VehicleNo
    district: DistrictCode
    operator: OperatorId
    officer: str
    """Name, badge and station, as the officer gave them."""
    reason: str
    given_by: StaffId
    given_by_name: str
    given_at: datetime
    expires_wall: datetime
    code_digest: str
    tries: int = 0
    """Wrong codes at its vehicle since it was given out."""
    token_hash: str | None = None
    """Of the token that the first use of the code gave; the code is good for nothing more then."""
    opened_at: datetime | None = None
    version: int = 1

    def takes_code(self, wall: datetime) -> bool:
        """Return whether its code can still be used."""
        return self.token_hash is None and self.tries < MOST_TRIES and wall < self.expires_wall

    def shows(self, wall: datetime) -> bool:
        """Return whether whoever holds its token is still shown the vehicle."""
        return self.token_hash is not None and wall < self.expires_wall


def tried(grant: PoliceGrant) -> PoliceGrant:
    """Return the grant after a wrong code at its vehicle."""
    return msgspec.structs.replace(grant, tries=grant.tries + 1, version=grant.version + 1)


def opened(grant: PoliceGrant, token_hash: str, *, at: datetime) -> PoliceGrant:
    """Return the grant whose code was used."""
    return msgspec.structs.replace(grant, token_hash=token_hash, opened_at=at, version=grant.version + 1)
