//! News and the event calendar.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    NewsBulletin [1] int news_msg_id, int news_msg_type, text news_message, text originating_exch;
    NewsArticle [] int req_id, int article_type, text article_text;
    TickNews [] int req_id, long timestamp, text provider_code, text article_id, text headline,
        text extra_data;
    HistoricalNews [] int req_id, text time, text provider_code, text article_id, text headline;
    HistoricalNewsEnd [] int req_id, flag has_more;
    WshMetaData [] int req_id, text data_json;
    WshEventData [] int req_id, text data_json;
}

impl Layout for pb::NewsProviders {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.list("news_providers", &mut self.news_providers, |tape, provider| {
            lay!(tape, provider => text provider_code, text provider_name);
        });
    }
}
