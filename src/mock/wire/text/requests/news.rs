//! News and the event calendar.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    NewsProvidersRequest [];
    NewsArticleRequest [] int req_id, text provider_code, text article_id, tags news_article_options;
    HistoricalNewsRequest [] int req_id, int con_id, text provider_codes, text start_date_time,
        text end_date_time, int total_results, tags historical_news_options;
    NewsBulletinsRequest [1] flag all_messages;
    CancelNewsBulletins [1];
    WshMetaDataRequest [] int req_id;
    CancelWshMetaData [] int req_id;
    CancelWshEventData [] int req_id;
}

const EVENT_FILTERS: i32 = 171;
const EVENT_DATES: i32 = 173;

impl Layout for pb::WshEventDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id, maybe_int con_id);
        if tape.since(EVENT_FILTERS) {
            lay!(tape, self =>
                text filter, flag fill_watchlist, flag fill_portfolio, flag fill_competitors);
        }
        if tape.since(EVENT_DATES) {
            lay!(tape, self => text start_date, text end_date, maybe_int total_limit);
        }
    }
}
