"""Which rules watch which cells, and what they have learned there: the working state of one judge.

Owns what happens to it when a cell is first seen, when another rule set comes into force, and when it is restored. A rule
begins to learn in a cell with a minute in which something is counted there, and never before: so nothing depends on how long
an empty cell is remembered.
"""

from models.baseline import Baseline, Frame, frame_of, new_baseline
from models.calendar import Calendar
from models.excesses import dividing
from models.measures import Stream
from models.rule import Rule, RuleSet
from models.watch import Learned, Watch, WatchedCell


class WatchBook:
    """The cells of one stream in one partition.

    Args:
        stream: whose rules are meant.
        width: integers in a cell's vector.
        rules: the set in force.
        calendar: in which hours and months are meant.
    """

    def __init__(self, stream: Stream, width: int, rules: RuleSet, calendar: Calendar) -> None:
        self._stream = stream
        self._width = width
        self._calendar = calendar
        self.rules = rules
        self.own_rules = rules.of(stream)
        self.dividing = dividing(self.own_rules)
        self.cells: dict[str, WatchedCell] = {}
        self.watches: dict[str, dict[str, Watch]] = {rule.id: {} for rule in self.own_rules}
        """Rule -> cell -> watch, in the order of the rule set."""
        self.learned: list[Learned] = []

    def counting(self, name: str, pane: int) -> WatchedCell:
        """Return a cell that counts something in the minute that starts at `pane`: rules begin to watch it, and to learn."""
        cell = self.cells.get(name) or self._meet(name, pane)
        if cell.lacks:
            self._equip(cell, pane)
        return cell

    def restore(self, name: str, since: int, baselines: dict[int, Baseline]) -> WatchedCell:
        """Start watching a cell that was first seen at `since` and has learned this, by field."""
        cell = self._meet(name, since)
        frame = self._frame(name)
        for field, baseline in baselines.items():
            self._learn(cell, field, baseline, frame)
        self._equip(cell, None)
        return cell

    def change(self, rules: RuleSet) -> None:
        """Put `rules` in force. Watches of unchanged rules stay, and what was learned where a rule of the cell still expects it."""
        is_believed_anew = rules.prior != self.rules.prior
        kept = self.unchanged(rules)
        self.rules, self.own_rules = rules, rules.of(self._stream)
        self.dividing = dividing(self.own_rules)
        self.watches = {rule.id: self.watches[rule.id] if rule.id in kept else {} for rule in self.own_rules}
        for name, cell in self.cells.items():
            expected = {
                rule.measure.numerator for rule in self.own_rules if rule.expects and rule.covers(name)
            }
            cell.learned = {field: one for field, one in cell.learned.items() if field in expected}
            if is_believed_anew:
                for one in cell.learned.values():
                    one.frame, one.known = self._frame(name), None
            self._equip(cell, None)
        self.learned = [one for cell in self.cells.values() for one in cell.learned.values()]

    def unchanged(self, rules: RuleSet) -> frozenset[str]:
        """Return the ids of the rules in force that `rules` has, too, with the same version."""
        versions = {rule.id: rule.version for rule in rules.of(self._stream)}
        return frozenset(rule.id for rule in self.own_rules if versions.get(rule.id) == rule.version)

    def _meet(self, name: str, since: int) -> WatchedCell:
        cell = self.cells[name] = WatchedCell(name, self._width, since)
        return cell

    def _equip(self, cell: WatchedCell, pane: int | None) -> None:
        """Let every rule that covers the cell watch it; where nothing is counted now (None), those wait that have to learn."""
        cell.lacks = False
        frame = None
        for rule in self.own_rules:
            watches = self.watches[rule.id]
            if cell.name in watches or not rule.covers(cell.name):
                continue
            frame = frame or self._frame(cell.name)
            learned = self._learned(rule, cell)
            if rule.expects and learned is None:
                if pane is None:
                    cell.lacks = True
                    continue
                learned = self._learn(cell, rule.measure.numerator, new_baseline(pane), frame)
            watches[cell.name] = Watch(cell, learned, frame)

    def _learned(self, rule: Rule, cell: WatchedCell) -> Learned | None:
        return cell.learned.get(rule.measure.numerator) if rule.expects else None

    def _learn(self, cell: WatchedCell, field: int, baseline: Baseline, frame: Frame) -> Learned:
        learned = cell.learned[field] = Learned(field, baseline, frame, cell.windows)
        self.learned.append(learned)
        return learned

    def _frame(self, name: str) -> Frame:
        return frame_of(name, self.rules.prior, self._calendar)
