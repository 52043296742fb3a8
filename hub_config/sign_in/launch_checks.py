"""Which claims a launch must have: the library's checks, minus its deep linking demands beyond the standard."""

from ltiauthenticator.lti13.constants import LTI13_GENERAL_OPTIONAL_CLAIMS
from ltiauthenticator.lti13.validator import LTI13LaunchValidator


class LaunchValidator(LTI13LaunchValidator):
    """Accepts a deep linking launch without `azp`, `tool_platform` or `launch_presentation`, which are optional."""

    def _check_arg_not_missing(self, args, required):
        super()._check_arg_not_missing(args, [name for name in required if name not in LTI13_GENERAL_OPTIONAL_CLAIMS])
