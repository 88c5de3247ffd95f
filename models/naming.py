"""How a cell is called when people read about it, in both languages.

Owns the words for dimensions and reads the names of regions, categories and departments from their own lists. A value
without a name is written as it is. Nothing is decided by a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models.cells import ALL, dimensions_of
from models.hottopics import load_hot_topics
from models.regions import load_regions
from models.taxonomy import load_taxonomy

DIMENSIONS: Final = {
    "region": ("region", "省份"),
    "category": ("category", "类别"),
    "subcategory": ("subcategory", "子类"),
    "channel": ("channel", "渠道"),
    "segment": ("segment", "客群"),
    "product": ("product", "产品"),
    "department": ("department", "部门"),
    "priority": ("priority", "等级"),
    "kind": ("survey kind", "调查方式"),
    "template": ("template", "模板"),
    "redline": ("red line", "红线"),
    "key_account": ("key account", "大客户"),
    "hot_topic": ("hot topic", "热点"),
}
"""Dimension -> its word in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names by dimension and value, and the department that answers a category."""

    values: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    """Dimension -> value -> (English, Chinese)."""
    departments: Mapping[str, str] = field(default_factory=dict)
    """Category -> slug of its department."""

    def cell(self, cell: str) -> str:
        """Return the cell in English: `Guangdong, Network quality`, `channel 12345`, `nationwide`."""
        return ", ".join(self._words(cell, 0)) or "nationwide"

    def cell_zh(self, cell: str) -> str:
        """Return the cell in Chinese: `广东·网络质量`, `渠道12345`, `全国`."""
        return "·".join(self._words(cell, 1)) or "全国"

    def of(self, dimension: str, value: str) -> tuple[str, str]:
        """Return a value in English and Chinese; one without a name as it is written."""
        return self.values.get(dimension, {}).get(value, (value, value))

    def department(self, cell: str, otherwise: str) -> str:
        """Return the slug of the department that a warning about `cell` goes to."""
        dimensions = dimensions_of(cell)
        own = dimensions.get("department") or self.departments.get(dimensions.get("category", ""))
        return own or otherwise

    def _words(self, cell: str, language: int) -> list[str]:
        words = []
        for dimension, value in dimensions_of(cell).items() if cell != ALL else ():
            name = self.values.get(dimension, {}).get(value)
            if name:
                words.append(name[language])
            else:
                words.append(f"{DIMENSIONS[dimension][language]}{'' if language else ' '}{value}")
        return words


def load_names() -> Names:
    """Read the packaged regions and taxonomy.

    Raises:
        DataFileError: one of them is wrong.
    """
    regions, taxonomy = load_regions(), load_taxonomy()
    return Names(
        values={
            "region": {code: (region.en, region.zh) for code, region in regions.by_code.items()},
            "category": {category.code: (category.en, category.zh) for category in taxonomy.categories},
            "redline": {
                code: (leaf.en, leaf.zh) for code, leaf in taxonomy.subcategories.items() if leaf.red_line
            },
            "hot_topic": load_hot_topics().names,
            "department": {slug: (who.en, who.zh) for slug, who in taxonomy.departments.items()},
        },
        departments={category.code: category.department for category in taxonomy.categories},
    )
