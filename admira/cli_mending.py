"""The command line's part about what people know better: groups, and tags read as others."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from admira.cli_asking import print_answer
from admira.cli_output import AsJson, print_json, print_rows, records
from admira.cli_upkeep import StoreFolder, opened
from admira.core.tag_aliases import Tags, alias_rows
from admira.errors import OptionError
from admira.mending.grouping import Grouping, grouping_text

grouping = typer.Typer(
    name="groups",
    help="Put campaigns into groups, which every --by takes from then on.",
    no_args_is_help=True,
)
aliasing = typer.Typer(
    name="aliases",
    help="Read tags of opportunities as others wherever they are joined.",
    no_args_is_help=True,
)

GroupName = Annotated[str, typer.Argument(help="What --by calls it, such as brand.")]
OldTag = Annotated[str, typer.Argument(metavar="OLD", help="The campaign tag as it is written.")]
OldSource = Annotated[
    str | None, typer.Option("--source", help="Only with this source; '' where it has none.")
]
OldMedium = Annotated[
    str | None, typer.Option("--medium", help="Only with this medium; '' where it has none.")
]


@grouping.command("list")
def list_groups(
    name: Annotated[str | None, typer.Argument(help="Only this group, with its campaigns.")] = None,
    store: StoreFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the rules of all groups; of one, how many campaigns each took, and which are in none.

    Example: admira groups list brand --store shop
    """
    if name is not None:
        _tell(opened(store).grouping(name), as_json=as_json)
        return
    nothing = "No groups yet; admira groups add makes one."
    print_answer(opened(store).groups(), nothing=nothing, as_json=as_json)


@grouping.command("add")
def add_group(
    name: GroupName,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP=PATTERN",
            help="A regular expression searched in campaign names; the first that fits counts.",
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="CSV or workbook: group, and campaign_id or pattern; channel."
        ),
    ] = None,
    store: StoreFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put campaigns into groups by their name or id; rules that the name had are replaced.

    Example: admira groups add brand --rule 'brand=brand|marca' --rule 'rest=.*' --store shop
    """
    if (rule is None) == (rules is None):
        raise OptionError("rules", rules, ["a file, or else one --rule GROUP=PATTERN or more"])
    told = rules if rule is None else _patterns(rule)
    _tell(opened(store).add_group(name, told), as_json=as_json)


@grouping.command("remove")
def remove_group(name: GroupName, store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """Forget the rules of a group; no row changes.

    Example: admira groups remove brand --store shop
    """
    opened(store).remove_group(name)
    _done({"removed": name}, f"{name} is no group any more.", as_json=as_json)


@aliasing.command("list")
def list_aliases(store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """List the tags that are read as others; a dash is any source or medium, or the one it has.

    Example: admira aliases list --store shop
    """
    nothing = "No aliases yet; admira aliases add makes one."
    print_answer(alias_rows(opened(store).aliases()), nothing=nothing, as_json=as_json)


@aliasing.command("add")
def add_alias(
    old: OldTag,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The campaign tag that is meant.")],
    source: OldSource = None,
    medium: OldMedium = None,
    new_source: Annotated[
        str | None, typer.Option(help="The source that is meant; else the one it has.")
    ] = None,
    new_medium: Annotated[
        str | None, typer.Option(help="The medium that is meant; else the one it has.")
    ] = None,
    store: StoreFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read a tag as another one from now on; the rows stay as they are.

    Example: admira aliases add sprng spring --store shop
    """
    sides = _side(old, source, medium), _side(new, new_source, new_medium)
    changed = opened(store).alias(*sides)
    said = f"{old} is read as {new}{'' if changed else ', as it was'}."
    _done({"changed": changed}, said, as_json=as_json)


@aliasing.command("remove")
def remove_alias(
    old: OldTag,
    source: OldSource = None,
    medium: OldMedium = None,
    store: StoreFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read a tag as it is written again.

    Example: admira aliases remove sprng --store shop
    """
    opened(store).remove_alias(_side(old, source, medium))
    _done({"removed": old}, f"{old} is read as it is written.", as_json=as_json)


def _patterns(rules: list[str]) -> Mapping[str, list[str]]:
    """Read rules written as ``GROUP=PATTERN``; a group may have several."""
    read: dict[str, list[str]] = {}
    for each in rules:
        group, sign, pattern = each.partition("=")
        if not sign:
            raise OptionError("rule", each, ["GROUP=PATTERN, such as brand=brand|marca"])
        read.setdefault(group, []).append(pattern)
    return read


def _side(campaign: str, source: str | None, medium: str | None) -> Tags:
    """Give a campaign tag, or a triple where a source or a medium is named."""
    if source is None and medium is None:
        return campaign
    return (campaign, source or "", medium or "")


def _tell(found: Grouping, *, as_json: bool) -> None:
    """Print which campaigns are in which group, and what the rules leave out."""
    if as_json:
        tables = {"rules": records(found.rules), "campaigns": records(found.campaigns)}
        print_json({"name": found.name, **tables})
        return
    typer.echo(f"{found.name}: {grouping_text(found)}")
    print_rows(found.rules)
    for title, rows in (
        ("Campaigns in no group", found.unmatched.drop(columns="also")),
        ("Campaigns that fit several groups", found.overlapping),
    ):
        if len(rows):
            typer.echo(f"{title}: {len(rows):,}")
            print_rows(rows)


def _done(said: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """Say what was done."""
    if as_json:
        print_json(said)
    else:
        typer.echo(sentence)
