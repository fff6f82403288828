"""`qbo-bridge explain`: everything that is known of one sale, from the records it came in to what it is in QBO now."""

from __future__ import annotations

from bridge.commands.explain.books import books_now
from bridge.commands.explain.composing import compose, documents_of, entities_of, the_sale
from bridge.commands.explain.looking import look_through, read_own_events, read_parts, read_results
from bridge.commands.explain.question import Question
from bridge.commands.explain.telling import print_story, story_as_json
from bridge.commands.output import screen
from bridge.config.settings import Settings


async def explain(settings: Settings, text: str, *, company: str | None, as_json: bool) -> None:
    """Print the story of the sale that `text` means. BridgeError when it means none, or several."""
    names = [each.name for each in settings.companies] if company is None else [company]
    known = await look_through(settings, names, Question.read(text))
    for each in known:
        await read_own_events(settings, each)
    sale = the_sale(text, known)
    for each in (one for one in known if one.asked):
        await read_parts(settings, each, documents_of(each, sale)[0])
        members, payouts = documents_of(each, sale)
        published = await read_results(settings, each, {*members, *payouts})
        entities = entities_of(each, [*members, *payouts], published)
        environment = settings.company(each.company).environment
        async with books_now(settings, each.company, list(entities)) as now:
            story = compose(each, sale, published, now, (members, payouts), asked=text, environment=environment)
            if not story.is_empty:
                screen().out(story_as_json(story)) if as_json else print_story(story)
