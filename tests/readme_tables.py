"""README's column tables, made from the schemas; ``python -m tests.readme_tables`` rewrites."""

import re
from pathlib import Path

from admira.config import Settings
from admira.exit_codes import ExitCode
from admira.schemas import ADS, CRM, FACTS, Table
from admira.schemas.metrics import metrics

README = Path(__file__).parent.parent / "README.md"


def column_table(table: Table) -> str:
    """Write a table of the contract in Markdown."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        marks = [*(["key"] if column.name in table.key else [])]
        marks += ["required"] if column.required else []
        marks += ["may be missing"] if column.nullable else []
        claims = f" ({', '.join(marks)})" if marks else ""
        lines.append(
            f"| `{column.name}` | {column.type} | {column.unit} | {column.meaning}{claims} |"
        )
    return "\n".join(lines)


def metric_table() -> str:
    """Write the glossary of ratios in Markdown."""
    lines = ["| ratio | formula | unit | good | meaning |", "|---|---|---|---|---|"]
    for ratio in metrics.ratios:
        formula, good = ratio.formula, ratio.good
        lines.append(f"| `{ratio.name}` | {formula} | {ratio.unit} | {good} | {ratio.meaning} |")
    return "\n".join(lines)


def settings_table() -> str:
    """Write the settings in Markdown."""
    lines = ["| variable | what it is | default | meaning |", "|---|---|---|---|"]
    for name, field in sorted(Settings.model_fields.items()):
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{name.upper()}` | {field.title} | {default} | {field.description} |")
    return "\n".join(lines)


def exit_code_table() -> str:
    """Write how a command ends in Markdown."""
    lines = ["| exit code | what it says | run it again? |", "|---|---|---|"]
    lines += [f"| `{code.value}` | {code.meaning} | {code.again} |" for code in ExitCode]
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """Put the tables between their marks."""
    tables = {table.name: column_table(table) for table in (ADS, CRM, FACTS)}
    others = {
        "metrics": metric_table(),
        "settings": settings_table(),
        "exit codes": exit_code_table(),
    }
    for name, table in (tables | others).items():
        marked = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = marked.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)
        if count != 1:
            message = f"README.md has {count} places for the table {name!r}, expected 1"
            raise ValueError(message)
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
