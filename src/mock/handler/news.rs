//! News: providers (85), articles (84), past headlines (86), and new ones, which are a part of market
//! data (W8).

use time::{OffsetDateTime, PrimitiveDateTime};

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::exchange::refusal::Refusal;
use crate::newsroom::{Headline, Published, Search};
use crate::streams::NewsStream;
use crate::wire::pb;
use crate::world::World;

use super::contract;
use super::history::End;

pub(super) fn providers(world: &World, to: &Outlet) {
    let row = |(code, name): &(String, String)| pb::NewsProvider {
        provider_code: Some(code.clone()),
        provider_name: Some(name.clone()),
    };
    let news_providers = world.newsroom.providers.iter().map(row).collect();
    to.send(&pb::NewsProviders { news_providers });
}

pub(super) fn article(world: &World, to: &Outlet, request: &pb::NewsArticleRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let found = world.newsroom.article(request.provider_code(), request.article_id());
    let Some(article) = found else {
        return to.error(id, 10_172, "Failed to request news article: No data available");
    };
    let (kind, body) = article.parts();
    to.send(&pb::NewsArticle {
        req_id: Some(id),
        article_type: Some(kind),
        article_text: Some(body.to_owned()),
    });
}

pub(super) fn history(world: &World, to: &Outlet, request: &pb::HistoricalNewsRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let search = match search(request, world.time.millis()) {
        Ok(search) => search,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    let found = world.newsroom.find(&search);
    let most = usize::try_from(request.total_results()).unwrap_or(0);
    for item in found.iter().take(most) {
        to.send(&row(id, item));
    }
    to.send(&pb::HistoricalNewsEnd { req_id: Some(id), has_more: Some(found.len() > most) });
}

fn search(request: &pb::HistoricalNewsRequest, now: i64) -> Result<Search, Refusal> {
    let end = request.end_date_time();
    let until = if end.is_empty() { Some(now) } else { moment(end) };
    let start = request.start_date_time();
    let after = if start.is_empty() { Some(0) } else { moment(start) };
    let (Some(after), Some(until)) = (after, until) else {
        return Err(Refusal::new(10_314, "The date, time, or time-zone entered is invalid."));
    };
    Ok(Search {
        about: ConId(request.con_id()),
        providers: request.provider_codes().split('+').map(str::to_owned).collect(),
        after,
        until,
    })
}

/// `YYYY-MM-DD HH:MM:SS`, with or without a fraction, in UTC; or any form of a history's end.
fn moment(text: &str) -> Option<i64> {
    let form = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let whole = text.split('.').next().unwrap_or_default();
    let seconds = match PrimitiveDateTime::parse(whole, form) {
        Ok(local) => local.assume_utc().unix_timestamp(),
        Err(_) => End::parse(text).ok()?.moment,
    };
    Some(seconds * 1_000)
}

fn row(id: i32, item: &Headline) -> pb::HistoricalNews {
    pb::HistoricalNews {
        req_id: Some(id),
        time: Some(shown(item.time)),
        provider_code: Some(item.provider.clone()),
        article_id: Some(item.article_id.clone()),
        headline: Some(item.headline.clone()),
    }
}

/// The dashed form with a tenth of a second that is always zero (W5).
fn shown(millis: i64) -> String {
    let form = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second].0");
    let time = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1_000));
    time.ok().and_then(|time| time.format(form).ok()).unwrap_or_default()
}

/// The security type of a provider's own stream of headlines.
const TAPE: &str = "NEWS";

pub(super) fn is_tape(contract: Option<&pb::Contract>) -> bool {
    contract.is_some_and(|contract| contract.sec_type() == TAPE)
}

/// Follows everything a provider publishes; its contract is `CODE:CODE_ALL` on the exchange `CODE`.
pub(super) fn follow_tape(
    world: &mut World,
    to: &Outlet,
    id: i32,
    contract: Option<&pb::Contract>,
) {
    let symbol = contract.map(pb::Contract::symbol).unwrap_or_default();
    let code = symbol.split(':').next().unwrap_or_default().to_owned();
    if !world.newsroom.providers.iter().any(|(known, _)| *known == code) {
        let refusal = contract::unknown();
        return to.error(id, refusal.code, refusal.text);
    }
    follow(world, to, id, None, vec![code]);
}

/// Follows headlines of providers, of every one if none is named.
pub(super) fn follow(
    world: &mut World,
    to: &Outlet,
    id: i32,
    con_id: Option<ConId>,
    providers: Vec<String>,
) {
    if let Some(client) = world.client(to) {
        client.streams.news.insert(id, NewsStream { con_id, providers });
    }
}

/// Publishes a headline to everyone who follows its provider or what it is about.
pub(crate) fn publish(world: &mut World, published: Published) {
    for client in world.clients.values() {
        for (id, stream) in &client.streams.news {
            if concerns(stream, &published) {
                client.outlet.send(&tick(*id, &published.item));
            }
        }
    }
    world.newsroom.headlines.push(published);
}

fn concerns(stream: &NewsStream, published: &Published) -> bool {
    let provider = &published.item.provider;
    (stream.providers.is_empty() || stream.providers.contains(provider))
        && stream.con_id.is_none_or(|con_id| published.about.contains(&con_id))
}

fn tick(id: i32, item: &Headline) -> pb::TickNews {
    pb::TickNews {
        req_id: Some(id),
        timestamp: Some(item.time),
        provider_code: Some(item.provider.clone()),
        article_id: Some(item.article_id.clone()),
        headline: Some(item.headline.clone()),
        extra_data: Some(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_times_are_read_and_shown_in_one_form() {
        let millis = moment("2026-11-20 15:30:00.0").unwrap();

        assert_eq!(shown(millis), "2026-11-20 15:30:00.0");
        assert_eq!(moment("2026-11-20 15:30:00"), Some(millis));
        assert_eq!(moment("20261120 15:30:00 UTC"), Some(millis));
        assert_eq!(moment("yesterday"), None);
    }
}
