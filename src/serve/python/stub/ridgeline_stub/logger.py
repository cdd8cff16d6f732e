"""pb_utils.Logger: lines in the server's log, with their level."""

from ridgeline_stub.packing import U8, Kind, text
from ridgeline_stub.session import session


class _Level:
    INFO, WARNING, ERROR, VERBOSE = range(4)


class Logger:
    LogLevel = _Level
    INFO, WARNING, ERROR, VERBOSE = range(4)

    @staticmethod
    def log(message, level=INFO):
        session.questions.tell(Kind.LOG, 0, U8.pack(level) + text(message))

    @staticmethod
    def log_info(message):
        Logger.log(message, Logger.INFO)

    @staticmethod
    def log_warn(message):
        Logger.log(message, Logger.WARNING)

    @staticmethod
    def log_error(message):
        Logger.log(message, Logger.ERROR)

    @staticmethod
    def log_verbose(message):
        Logger.log(message, Logger.VERBOSE)
