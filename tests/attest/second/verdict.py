"""Outcomes of a verification: statuses in their order of precedence, and the first that applies."""

PRECEDENCE = ["malformed", "unsupported", "forged", "untrusted", "revoked", "wrong-collateral",
              "expired-collateral", "out-of-policy", "incomplete"]


class Refused(Exception):
    """A check failed, and what comes after it has nothing to work on."""

    def __init__(self, status, why):
        super().__init__(f"{status}: {why}")
        self.status = status
        self.why = why


class Outcome:
    def __init__(self):
        self.failures = []
        self.tcb_status = "Unknown"
        self.advisories = set()

    def fail(self, status, why):
        self.failures.append((status, why))

    def attempt(self, check, *arguments):
        """The check's result; None where it refused, which is noted."""
        try:
            return check(*arguments)
        except Refused as refused:
            self.fail(refused.status, refused.why)
            return None

    @property
    def status(self):
        if not self.failures:
            return "accepted"
        return min((status for status, _ in self.failures), key=PRECEDENCE.index)

    @property
    def why(self):
        return "; ".join(f"{status}: {why}" for status, why in self.failures)
