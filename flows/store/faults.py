class DamagedSegment(Exception):
    """A file of events is missing or not what was written. It is never skipped: numbers without it would be wrong."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"Segment {file} is damaged: {what}. Restore the file from a backup, or delete its dataset.")
        self.file = file


class SupersededSegment(DamagedSegment):
    """The file went after its events had been put into another one, and a version from before that was asked for."""

    def __init__(self, file: str) -> None:
        Exception.__init__(self, "This version of the events is no longer kept. Ask again on the newest version.")
        self.file = file


class DamagedCohort(DamagedSegment):
    """The file with the people of a cohort is missing or not what was written. A refresh finds them anew."""

    def __init__(self, file: str, name: str, what: str) -> None:
        Exception.__init__(self, f"The people of cohort “{name}” cannot be read: {what}. Refresh the cohort.")
        self.file = file
