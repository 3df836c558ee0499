"""Random documents: everything a map can hold, in texts that are meant to break what reads or writes them."""

from hypothesis import strategies as st

from maps.documents.reading import checked
from maps.documents.shapes import (
    CardPart,
    CellPart,
    ChannelPart,
    FeelingPart,
    ImagePart,
    LanePart,
    MapDocument,
    OpportunityPart,
    PersonaPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.models import Card, Channel, EmotionPoint, JourneyMap, Lane, Opportunity
from maps.texts import flat, paragraphs

HOSTILE = [
    "=1+1",
    "+1 Relieved",
    "-2",
    "@SUM(A1)",
    "'=x",
    "''",
    "</script><script>alert(1)</script>",
    '"><img onerror=alert(1)>',
    "a: 3: Me",
    "section x",
    "title",
    "journey",
    "%% c %%",
    "#35; # ;",
    "#colon;",
    "&amp; &lt;",
    "[Web]",
    "call [severe, observed]",
    "x []",
    "• point",
    "★",
    "step ★",
    "_x000D_",
    "مرحبا بالعالم (abc) 12",
    "שלום, world",
    "漢字かな 한국어",
    "🎉 👩‍👩‍👧 🇳🇱 👍🏽",
    "a\u200fb\u202ec",
    "tab\there",
    "zero\u200bwidth",
    "e\u0301",
    "\\n #{}[]$`*_",
    "N" * 300,
    "sentence, with; every: mark | and / more",
    "#set page(paper: 1)",
    "Ends with a bracket]",
    "two  blanks",
]
letters = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
words = st.one_of(st.sampled_from(HOSTILE), letters)
several_lines = st.lists(words, max_size=3).map("\n".join)


def names(limit: int = 300) -> st.SearchStrategy[str]:
    return words.map(lambda text: flat(text)[:limit].strip()).filter(bool)


def lines(limit: int) -> st.SearchStrategy[str]:
    return words.map(lambda text: flat(text)[:limit].strip())


bodies = several_lines.map(lambda text: paragraphs(text)[:2000].strip()).filter(bool)
texts = several_lines.map(lambda text: paragraphs(text)[:2000].strip())
scores = st.integers(1, 5)
personas = st.lists(
    st.builds(
        PersonaPart,
        name=names(100),
        role=lines(200),
        goals=texts,
        needs=texts,
        frustrations=texts,
        quote=lines(300),
    ),
    max_size=3,
    unique_by=lambda persona: persona.name,
)
stages = st.lists(
    st.builds(
        StagePart,
        name=names(),
        goal=texts,
        steps=st.lists(st.builds(StepPart, name=names(), moment_of_truth=st.booleans()), min_size=1, max_size=3).map(
            tuple
        ),
    ),
    min_size=1,
    max_size=4,
)


def cards(kind: str) -> st.SearchStrategy[CardPart]:
    touchpoints = st.builds(
        TouchpointPart, channel=lines(80), importance_to_customer=scores, importance_to_business=scores
    )
    ideas = st.builds(
        OpportunityPart,
        value=scores,
        business_value=scores,
        effort=scores,
        status=st.sampled_from(Opportunity.Status.values),
        link=st.sampled_from(["", "https://example.com/T-1?a=b&c=d"]),
    )
    return st.builds(
        CardPart,
        body=bodies,
        evidence=st.sampled_from(Card.Evidence.values),
        severity=st.integers(1, 3),
        colour=st.sampled_from(["", "#ffeeaa", "teal"]),
        owner=st.just(""),
        due=st.sampled_from(["", "", "2024-02-29", "0001-01-01", "9999-12-31"]),
        touchpoint=touchpoints if kind == "touchpoint" else st.none(),
        opportunity=ideas if kind == "opportunity" else st.none(),
        image=st.builds(ImagePart, decorative=st.booleans()) if kind == "image" else st.none(),
    )


@st.composite
def lanes(draw: st.DrawFn, steps: int, known: list[str]) -> LanePart:
    kind = draw(
        st.sampled_from(["text", "touchpoint", "pain", "opportunity", "quote", "emotion", "emotion", "metric", "image"])
    )
    at = draw(st.lists(st.integers(0, steps - 1), unique=True, max_size=steps))
    cells, feelings = [], []
    if kind == "emotion":
        feelings = [
            draw(
                st.builds(
                    FeelingPart,
                    step=st.just(step),
                    score=st.integers(-2, 2),
                    label=lines(120),
                    source=st.sampled_from(EmotionPoint.Source.values),
                    n=st.none() | st.integers(0, 1000),
                )
            )
            for step in at
        ]
    else:
        several = st.lists(cards(kind), min_size=1, max_size=3).map(tuple)
        cells = [CellPart(step, draw(several), draw(st.integers(1, steps - step))) for step in at]
    return LanePart(
        kind=kind,
        title=draw(names()),
        role=draw(st.sampled_from(Lane.Role.values)),
        persona=draw(st.sampled_from(["", *known])),
        collapsed=draw(st.booleans()),
        cells=tuple(cells),
        feelings=tuple(feelings),
    )


@st.composite
def documents(draw: st.DrawFn) -> MapDocument:
    columns = draw(stages)
    people = draw(personas)
    steps = sum(len(stage.steps) for stage in columns)
    rows = draw(st.lists(lanes(steps, [persona.name for persona in people]), max_size=5))
    used = {card.touchpoint.channel for lane in rows for cell in lane.cells for card in cell.cards if card.touchpoint}
    return checked(
        MapDocument(
            title=draw(names(160)),
            scenario=draw(texts),
            expectations=draw(texts),
            kind=draw(st.sampled_from(JourneyMap.Kind.values)),
            state=draw(st.sampled_from(JourneyMap.State.values)),
            status=draw(st.sampled_from(JourneyMap.Status.values)),
            personas=tuple(people),
            channels=tuple(
                ChannelPart(name, draw(st.sampled_from(Channel.Icon.values))) for name in sorted(used - {""})
            ),
            stages=tuple(columns),
            lanes=tuple(rows),
        )
    )
