"""What provisioning refuses or fails at: one sentence that names the thing and the remedy."""


class ProvisioningError(Exception):
    """Shown to people as it is, by the commands and in the admin. Never holds a secret."""


class WaitingError(ProvisioningError):
    """Nothing is wrong: somebody else has to act first (a DNS record, a certificate), and then the same run goes on."""


class BusyError(ProvisioningError):
    """Another run is provisioning the same gateway."""
