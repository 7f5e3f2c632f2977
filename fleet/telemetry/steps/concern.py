"""Which fences concern which vehicles: by service, operator and home 旗区."""

import numpy as np

from core.ids import DistrictCode, OperatorId
from fleet.telemetry.roster import Roster
from geofences.memberships import Booleans, Indices
from geofences.outside import Concern
from geofences.rules import EVERYWHERE, SERVICE_CODES, RuleColumns


def concern_of(roster: Roster, rules: RuleColumns) -> Concern:
    """Return what tells of pairs (vehicle_no, fence number) whether the fence concerns the vehicle."""

    def concerned(numbers: Indices, fences: Indices) -> Booleans:
        services = np.array([SERVICE_CODES[service] for service in roster.services])
        operators = np.array([rules.operator_code(OperatorId(name)) for name in roster.operators.all()])
        codes = rules.district_codes
        districts = np.array([codes.get(DistrictCode(name), EVERYWHERE) for name in roster.districts.all()])
        return rules.concerned(
            fences,
            services[roster.service[numbers]],
            operators[roster.operator[numbers]],
            districts[roster.district[numbers]],
        )

    return concerned
