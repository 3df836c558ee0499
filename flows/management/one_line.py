from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser


class OneLineCommand(BaseCommand):
    """A command for scripts: whatever is wrong with its arguments is one line on stderr and exit status 2."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, allow_abbrev=False, **kwargs)

        def refuse(message: str) -> NoReturn:
            if not parser.called_from_command_line:
                raise CommandError(message, returncode=2)
            parser.exit(2, f"{subcommand}: {message}\n")

        parser.error = refuse  # type: ignore[method-assign]
        return parser
