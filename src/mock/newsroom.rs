//! News the gateway has: providers, headlines with their articles, bulletins. Plain state.

use crate::exchange::ConId;

/// What an article's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Article {
    /// Plain text or HTML.
    Text(String),
    /// Anything else, as base 64.
    Binary(String),
}

impl Article {
    /// The number of its type on the wire (W6), and the body.
    pub(crate) fn parts(&self) -> (i32, &str) {
        match self {
            Self::Text(body) => (0, body),
            Self::Binary(body) => (1, body),
        }
    }
}

/// A headline a test publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// Epoch milliseconds of its publication.
    pub time: i64,
    /// Code of its provider.
    pub provider: String,
    /// What names the article.
    pub article_id: String,
    /// The line itself.
    pub headline: String,
    /// Symbol it is about; `None` is about no instrument.
    pub symbol: Option<String>,
    /// The body behind it.
    pub article: Article,
}

/// A headline whose symbol was found.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) about: Vec<ConId>,
    pub(crate) item: Headline,
}

/// An exchange bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    /// 1 regular, 2 exchange unavailable, 3 exchange available again.
    pub kind: i32,
    /// Its text.
    pub text: String,
    /// The exchange it comes from.
    pub exchange: String,
}

/// Everything published so far.
#[derive(Clone, Debug)]
pub(crate) struct Newsroom {
    /// Code and name.
    pub(crate) providers: Vec<(String, String)>,
    pub(crate) headlines: Vec<Published>,
    pub(crate) bulletins: Vec<Bulletin>,
}

impl Default for Newsroom {
    fn default() -> Self {
        let known = PROVIDERS.map(|(code, name)| (code.to_owned(), name.to_owned()));
        Self { providers: known.to_vec(), headlines: Vec::new(), bulletins: Vec::new() }
    }
}

const PROVIDERS: [(&str, &str); 3] = [
    ("BRFG", "Briefing.com General Market Columns"),
    ("BRFUPDN", "Briefing.com Analyst Actions"),
    ("DJNL", "Dow Jones Newsletters"),
];

/// Which headlines a search is for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) about: ConId,
    pub(crate) providers: Vec<String>,
    /// Epoch milliseconds: later than the first, up to the second.
    pub(crate) after: i64,
    pub(crate) until: i64,
}

impl Newsroom {
    /// The headlines of a search, latest first.
    pub(crate) fn find(&self, search: &Search) -> Vec<&Headline> {
        let fits = |published: &&Published| {
            let item = &published.item;
            published.about.contains(&search.about)
                && search.providers.contains(&item.provider)
                && search.after < item.time
                && item.time <= search.until
        };
        let mut found: Vec<_> = self.headlines.iter().filter(fits).map(|one| &one.item).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.time));
        found
    }

    pub(crate) fn article(&self, provider: &str, article_id: &str) -> Option<&Article> {
        let named = |published: &&Published| {
            published.item.provider == provider && published.item.article_id == article_id
        };
        self.headlines.iter().find(named).map(|published| &published.item.article)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(time: i64, provider: &str) -> Published {
        let item = Headline {
            time,
            provider: provider.to_owned(),
            article_id: format!("{provider}${time}"),
            headline: String::new(),
            symbol: None,
            article: Article::Text(time.to_string()),
        };
        Published { about: vec![ConId(1)], item }
    }

    #[test]
    fn test_a_search_finds_its_window_latest_first() {
        let headlines =
            vec![published(1, "A"), published(2, "A"), published(3, "A"), published(3, "B")];
        let newsroom = Newsroom { headlines, ..Newsroom::default() };
        let search = Search { about: ConId(1), providers: vec!["A".into()], after: 1, until: 3 };

        let times: Vec<_> = newsroom.find(&search).iter().map(|item| item.time).collect();

        assert_eq!(times, [3, 2]);
        assert!(newsroom.find(&Search { about: ConId(2), ..search }).is_empty());
        assert_eq!(newsroom.article("B", "B$3"), Some(&Article::Text("3".into())));
    }
}
