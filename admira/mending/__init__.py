"""What a team tells a store beside its data: groups of campaigns, and tags read as others."""

from admira.mending.aliases import alias, aliases, remove_alias
from admira.mending.groups import add_group, grouping, groups, remove_group


class Mending:
    """The part of a ``Store`` that keeps what people know better; all of it can be taken back."""

    add_group = add_group
    alias = alias
    aliases = aliases
    grouping = grouping
    groups = groups
    remove_alias = remove_alias
    remove_group = remove_group
