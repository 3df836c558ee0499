"""What a chart tells by itself, in sentences: each with its numbers, and with a link to where they can be seen."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flows.chart_tables import link_selector
from flows.chart_view import NOUNS, end_words, step_name
from flows.contexts.address import Address, Asker
from flows.contexts.compare_rows import named
from flows.contexts.sentence import NAME_LENGTH
from flows.difference import selector_of
from flows.engine.query import MAX_PATHS, FlowQuery
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import LINK, NODE, Selector
from flows.figures import duration, figure, points, ratio, share
from flows.forms.charts import QuestionForm
from flows.insights import LEAST
from flows.insights.changes import changes
from flows.insights.detours import Detour
from flows.insights.leaving import drop_offs
from flows.insights.loops import Loop, cycles, repeats
from flows.insights.outcomes import Traits
from flows.insights.timing import slow_links
from flows.lettering import cut_middle_to, isolated, printable

LOOPS, CHANGES, OUTCOMES, DETOURS = "loops", "changes", "outcomes", "detours"
# Those that are computed only when somebody looks.
PARTS = {
    CHANGES: "Since the period before",
    OUTCOMES: "What tells them apart",
    DETOURS: "Ways round",
    LOOPS: "Back and forth",
}
FEW = f"Fewer than {LEAST} stand behind it: take it as a hint."


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, and links (name, address) to its numbers. `caution` says why it may be chance."""

    text: str
    links: tuple[tuple[str, str], ...] = ()
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind. Without any, `note` says so; else it says what they do not hold."""

    title: str
    findings: tuple[Finding, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts findings into words, about the chart at an address."""

    query: FlowQuery
    address: Address  # of the chart, with nothing open
    form: QuestionForm

    def at_once(self, result: Mapping[str, Any]) -> tuple[Group, ...]:
        """What the result itself tells."""
        return (self._leaving(result), self._slow(result), self._repeats(result))

    def _leaving(self, result: Mapping[str, Any]) -> Group:
        back = self.query.backwards
        found = []
        for each in drop_offs(result):
            name, place = self.named(each.kind, each.label), self._step(each.step)
            how, passed = ("came in with", "passed") if back else ("left after", "reached")
            text = (
                f"{figure(each.dropped)} {self._noun(each.dropped)} {how} {name} ({place}): "
                f"{share(each.dropped, each.reached)} of the {figure(each.reached)} who {passed} it, "
                f"{share(each.dropped, each.start)} of start."
            )
            selector = Selector(set=NODE, step=each.step, kind=each.kind, label=each.label, state="dropped")
            found.append(Finding(text, self._see(selector), FEW if each.small else ""))
        title = "Where most come in" if back else "Where most leave"
        return Group(title, tuple(found), "" if found else f"Nobody {'came in' if back else 'dropped out'} on the way.")

    def _slow(self, result: Mapping[str, Any]) -> Group:
        links = slow_links(result)
        found = []
        for each in links.found:
            link = each.link
            times = f", {ratio(link['median_seconds'], each.middle)} as long" if each.middle else ""
            half = duration(link["median_seconds"])
            text = (
                f"{self._way(link)}: half of the {figure(link['count'])} take longer than {half}"
                f"{times} as the middle of the chart ({duration(each.middle)}), one in ten longer than "
                f"{duration(link['p90_seconds'])}."
            )
            found.append(Finding(text, self._see(link_selector(link))))
        notes = [] if found else ["No link is slower than the middle of the chart."]
        if links.small:
            notes.append(f"Not judged: {figure(links.small)} with fewer than {LEAST} {NOUNS[self.query.count].many}.")
        return Group("Where it takes long", tuple(found), " ".join(notes))

    def _repeats(self, result: Mapping[str, Any]) -> Group:
        found = tuple(
            Finding(
                f"{self.name(each.label)} was done {figure(each.again)} more times right behind itself, at the "
                f"{figure(each.count)} places where it stands in the paths.",
                self._see(Selector(set=NODE, step=each.step, label=each.label)),
                FEW if each.small else "",
            )
            for each in repeats(result)
        )
        note = "" if found else "Nothing is done twice in a row."
        if self.query.collapse == "none":
            note = "Repeats stand as steps of their own here, for nothing is collapsed."
        return Group("Done again at once", found, note)

    def loops(self, result: Mapping[str, Any], names: Collection[str]) -> Group:
        url = self._asker().other(collapse="cycles")
        found = tuple(self._loop(each, url) for each in cycles(result, names))
        note = "" if found else "Nobody goes to and fro between two events twice or more."
        return Group(PARTS[LOOPS], found, note)

    def _loop(self, loop: Loop, url: str) -> Finding:
        rounds = figure(loop.count + loop.again)
        places = f"{figure(loop.count)} {'place' if loop.count == 1 else 'places'}"
        text = f"{self.name(loop.label)}: to and fro at {places} of the paths, {rounds} rounds in all."
        return Finding(text, (("With cycles", url),) if url else (), FEW if loop.small else "")

    def changes(self, compared: Mapping[str, Any], url: Callable[[Selector], str]) -> Group:
        found = tuple(self._change(row, compared, url) for row in changes(compared))
        tests, before = compared["tests"], compared["sides"][0]["units"]["matched"]
        if not before:
            return Group(PARTS[CHANGES], (), "Nobody is in the period before.")
        if not tests:
            return Group(PARTS[CHANGES], (), "The numbers are too few for any test.")
        note = f"Of {figure(tests)} differences tested, corrected for their number."
        if not found:
            note = f"None of {figure(tests)} differences tested is more than chance."
        return Group(PARTS[CHANGES], found, note)

    def _change(self, row: Mapping[str, Any], compared: Mapping[str, Any], url: Callable[[Selector], str]) -> Finding:
        selector = selector_of(row)
        words = end_words(self.query.steps, self.query.backwards)
        name, place = named(selector, words, self.query.backwards, NAME_LENGTH)
        one, two = (share(count, base) for count, base in zip(row["counts"], row["bases"], strict=True))
        text = (
            f"{name} ({place.lower()}) went from {one} ({_of(row, 0)}) to {two} "
            f"({_of(row, 1)}): {points(row['difference'])} points."
        )
        return Finding(text, (("Compare", url(selector)),))

    def outcomes(self, traits: Traits, goal: str) -> Group:
        """`goal`: who got there, such as “who converted”."""
        paths = self._asker("paths").other(paths=MAX_PATHS)
        found = []
        for each in traits.found:
            text = (
                f"{share(each.hits, each.size)} of the {figure(each.size)} {goal} did {self.name(each.label)} before, "
                f"{share(each.lost_hits, each.lost)} of the {figure(each.lost)} who dropped: "
                f"{points(each.difference)} points."
            )
            significant = each.adjusted_p is not None and each.adjusted_p < 0.05
            caution = "Too few to say." if each.small else "" if significant else "May be chance."
            links = [("Paths", paths)]
            if self.query.between and (without := self._asker().other(exclude=(*self.query.exclude, each.label))):
                links.insert(0, ("Without it", without))
            found.append(Finding(text, tuple(links), caution))
        return Group(PARTS[OUTCOMES], tuple(found), self._told(traits, goal))

    def _told(self, traits: Traits, goal: str) -> str:
        notes = []
        if not traits.size or not traits.lost:
            notes.append(f"There is nobody {goal if not traits.size else 'who dropped'} to tell apart.")
        elif not traits.found:
            notes.append("Nothing stands between the start and the end.")
        if traits.told < traits.matched:
            told = share(traits.told, traits.matched)
            notes.append(f"Looked at are the {figure(MAX_PATHS)} most frequent paths, {told} of start.")
        return " ".join(notes)

    def detours(self, found: Sequence[Detour]) -> Group:
        done = "converted" if self.query.between else "did not drop out"
        findings = tuple(self._detour(each, done) for each in found)
        note = "" if findings else "No two events are reached both directly and by way of others."
        return Group(PARTS[DETOURS], findings, note)

    def _detour(self, each: Detour, done: str) -> Finding:
        leg, direct, around = each.leg, each.direct, each.around
        text = (
            f"{self.name(leg.source)} → {self.name(leg.target)} from {self._step(leg.step)}: "
            f"{figure(direct.count)} directly in {duration(direct.median_seconds)} (median), "
            f"{figure(around.count)} by way of others in {duration(around.median_seconds)}; "
            f"{share(direct.done, direct.count)} and {share(around.done, around.count)} of them {done}."
        )
        if each.adjusted_p is None:
            caution = "Too few to say whether the difference in completion is more than chance."
        else:
            caution = "" if each.adjusted_p < 0.05 else "The difference in completion may be chance."
        straight = Selector(set=LINK, step=leg.step, source=leg.source, target=leg.target)
        links = [("Directly", str(self.address.at(view="sankey").on(straight)))]
        from_start = leg.step == 0 and not self.query.between
        if from_start and (url := self._asker().other(end=(leg.target,), end_where=())):
            links.append(("All ways", url))
        return Finding(text, tuple(links), caution)

    def _see(self, selector: Selector) -> tuple[tuple[str, str], ...]:
        return (("Show", str(replace(self.address, view="sankey", picked=selector))),)

    def _asker(self, view: str = "sankey") -> Asker:
        return Asker(self.address.at(view=view), self.query, self.form.dataset, self.form.zone)

    def _way(self, link: Mapping[str, Any]) -> str:
        ends = [self.named(link["source_kind"], link["source"]), self.named(link["target_kind"], link["target"])]
        steps = [self._step(link["step"]), self._step(link["step"] + 1)]
        if self.query.backwards:
            ends.reverse()
            steps.reverse()
        return f"{' → '.join(ends)} ({steps[0]} to {steps[1]})"

    def _step(self, step: int) -> str:
        return step_name(step, self.query.backwards).lower()

    def _noun(self, count: int) -> str:
        noun = NOUNS[self.query.count]
        return noun.one if count == 1 else noun.many

    def name(self, label: str) -> str:
        return self.named(EVENT, label)

    def named(self, kind: str, label: str) -> str:
        return "other events" if kind == OTHER else f"“{isolated(cut_middle_to(printable(label), NAME_LENGTH))}”"


def _of(row: Mapping[str, Any], side: int) -> str:
    return f"{figure(row['counts'][side])} of {figure(row['bases'][side])}"
