"""Writes the table of all rules into rules/README.md, from the rules themselves."""

from __future__ import annotations

from pipeline.domain import Subject
from pipeline.policy.checks import CHECKS
from pipeline.policy.places import RULES
from pipeline.policy.rulebook import Rule
from tests.in_order import POLICY

README = RULES / "README.md"
TABLE_BEGINS = "<!-- buradan aşağısını `python -m tests.rules_readme` yazar -->\n"


def _name(rule: Rule) -> str:
    return next(name for name, check in CHECKS.items() if check is rule.check)


def _row(rule: Rule) -> str:
    asked = "<br>".join(f"`{field}`" for field in rule.fields)
    said = rule.say + (f"<br>{rule.unsure}" if rule.unsure else "")
    consequence = POLICY.texts.words["consequences"][rule.consequence]
    name = rule.path.partition("/")[2]
    cells = (f"[{name}]({rule.path}.toml)", asked, f"`{_name(rule)}`", consequence, said, rule.because)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table() -> str:
    """Lists every rule under its subject: question, consequence, words and authority."""
    lines = []
    for subject in Subject:
        lines += [
            f"\n## {subject}\n",
            "| kural | alan | denetim | sonuç | söylenen | dayanak |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(rule) for rule in POLICY.rules if rule.subject is subject]
    return "\n".join(lines) + "\n"


def readme() -> str:
    """The README with its table as the rules are now."""
    words, mark, _ = README.read_text(encoding="utf-8").partition(TABLE_BEGINS)
    return words + mark + table()


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
